// The most confused pairs: a row for each, whose head is a button, and beside it a button for each of its hardest digits.

const lists = new WeakMap(); // the component's root -> what is on it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".pairs");
  let list = lists.get(root);
  if (!list) {
    list = openPairs(root);
    lists.set(root, list);
  }
  list.choose = (choice) => setTriggerValue("clicked", choice);
  list.show(data);
  return () => {
    list.close();
    lists.delete(root);
  };
}

function openPairs(root) {
  const rows = document.createElement("ul");
  rows.setAttribute("role", "list"); // list-style: none takes the role away in some browsers
  root.append(rows);
  const ink = openInk(root);
  const list = { choose: () => {} };

  list.show = async (data) => {
    // The old rows stay until the new picture is ready: no frame shows captions without digits.
    if (!(await ink.show(data.sheet))) return;
    root.style.setProperty("--sheet-columns", data.columns);
    root.style.setProperty("--sheet-rows", Math.max(data.pairs.length, 1));
    rows.setAttribute("aria-label", data.label);
    const focused = rows.querySelector(":focus")?.dataset;
    rows.replaceChildren(...data.pairs.map((pair, row) => buildRow(pair, row, data.selected)));
    const buttons = [...rows.querySelectorAll("button")];
    const isSame = ({ dataset }) => dataset.row === focused?.row && dataset.column === focused?.column;
    const stop = buttons.find(isSame);
    stop?.focus();
    makeOnlyTabStop(rows, stop || buttons.find((button) => button.ariaCurrent === "true") || buttons[0]);
  };

  list.close = () => {
    ink.close();
    root.replaceChildren();
  };

  rows.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { true: truth, predicted, digit } = button.dataset;
    list.choose({
      true: Number(truth),
      predicted: Number(predicted),
      digit: digit === undefined ? null : Number(digit),
    });
  });
  rows.addEventListener("focusin", (event) => makeOnlyTabStop(rows, event.target.closest("button")));
  rows.addEventListener("keydown", (event) => moveFocus(rows, event));
  return list;
}

function buildRow(pair, row, selected) {
  const item = document.createElement("li");
  const head = addButton(item, pair, row, 0, pair.description);
  head.className = "head";
  const names = [
    ["b", pair.text],
    ["span", pair.count],
    ["small", pair.share],
  ];
  for (const [kind, text] of names) head.append(Object.assign(document.createElement(kind), { textContent: text }), " ");
  if (selected && selected.true === pair.true && selected.predicted === pair.predicted) {
    head.setAttribute("aria-current", "true");
  }
  const tiles = document.createElement("div");
  tiles.className = "tiles";
  pair.tiles.forEach((tile, place) => {
    const button = addButton(tiles, pair, row, place + 1, tile.description);
    button.className = "ink";
    button.dataset.digit = tile.index;
    button.style.setProperty("--column", place);
    button.style.setProperty("--row", row);
  });
  item.append(tiles);
  return item;
}

function addButton(parent, pair, row, column, description) {
  const button = document.createElement("button");
  button.type = "button";
  Object.assign(button.dataset, { true: pair.true, predicted: pair.predicted, row, column });
  button.setAttribute("aria-label", description);
  button.title = description;
  parent.append(button);
  return button;
}

// All pairs are one stop of the Tab key; the arrow keys move among them.
function makeOnlyTabStop(rows, chosen) {
  for (const button of rows.querySelectorAll("button")) button.tabIndex = button === chosen ? 0 : -1;
}

function moveFocus(rows, event) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const next = rows.children[Number(event.target.dataset.row) + step[0]]?.querySelectorAll("button");
  // A row with fewer digits is entered at its last.
  const column = Number(event.target.dataset.column) + step[1];
  if (next && column >= 0) next[Math.min(column, next.length - 1)].focus();
}
