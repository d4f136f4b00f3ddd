// A sheet of digits: one picture, and a button per digit that shows its part of it.

const sheets = new WeakMap(); // the component's root -> what is on it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".sheet");
  let sheet = sheets.get(root);
  if (!sheet) {
    sheet = openSheet(root);
    sheets.set(root, sheet);
  }
  sheet.choose = (index) => setTriggerValue("clicked", index);
  sheet.show(data);
  return () => {
    sheet.close();
    sheets.delete(root);
  };
}

function openSheet(root) {
  const list = document.createElement("ul");
  list.className = "tiles";
  list.setAttribute("role", "list"); // list-style: none takes the role away in some browsers
  const empty = document.createElement("p");
  empty.className = "empty";
  list.hidden = empty.hidden = true; // until it is known which of them to show
  root.append(list, empty);

  const ink = openInk(root);
  const sheet = { choose: () => {} };

  sheet.show = async (data) => {
    // The old tiles stay until the new picture is ready: no frame shows captions without digits.
    if (!(await ink.show(data.sheet))) return;
    root.style.setProperty("--tile", `${data.tilePx}px`);
    list.setAttribute("aria-label", data.label);
    list.hidden = data.tiles.length === 0;
    empty.hidden = !list.hidden;
    empty.textContent = data.empty;
    showTiles(list, root, data);
  };

  sheet.close = () => {
    ink.close();
    root.replaceChildren();
  };

  list.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (tile) sheet.choose(Number(tile.dataset.index));
  });
  list.addEventListener("focusin", (event) => makeOnlyTabStop(list, event.target.closest(".tile")));
  list.addEventListener("keydown", (event) => moveFocus(list, event));
  return sheet;
}

function showTiles(list, root, data) {
  const columns = Math.min(data.columns, data.tiles.length);
  root.style.setProperty("--sheet-columns", columns);
  root.style.setProperty("--sheet-rows", Math.ceil(data.tiles.length / columns));
  while (list.children.length > data.tiles.length) list.lastElementChild.remove();
  while (list.children.length < data.tiles.length) list.append(buildTile());
  data.tiles.forEach((tile, position) => {
    const button = list.children[position].firstElementChild;
    const [ink, caption] = button.children;
    ink.style.setProperty("--column", position % columns);
    ink.style.setProperty("--row", Math.floor(position / columns));
    caption.children[0].textContent = tile.text;
    caption.children[1].textContent = tile.detail;
    button.className = `tile ${tile.verdict}`;
    button.dataset.index = tile.index;
    button.setAttribute("aria-label", tile.description);
    if (tile.index === data.selected) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
  const tiles = [...list.querySelectorAll(".tile")];
  const stop =
    tiles.find((tile) => tile.matches(":focus")) || tiles.find((tile) => tile.ariaCurrent === "true") || tiles[0];
  makeOnlyTabStop(list, stop);
}

function buildTile() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const ink = document.createElement("div");
  ink.className = "ink";
  const caption = document.createElement("div");
  caption.className = "caption";
  caption.append(document.createElement("b"), " ", document.createElement("span"));
  button.append(ink, caption);
  item.append(button);
  return item;
}

// Two hundred digits are one stop of the Tab key; the arrow keys move among them.
function makeOnlyTabStop(list, chosen) {
  for (const tile of list.querySelectorAll(".tile")) tile.tabIndex = tile === chosen ? 0 : -1;
}

function moveFocus(list, event) {
  const tiles = [...list.querySelectorAll(".tile")];
  const from = tiles.indexOf(event.target.closest(".tile"));
  const top = tiles[0]?.offsetTop;
  const perRow = tiles.filter((tile) => tile.offsetTop === top).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow };
  const ends = { Home: 0, End: tiles.length - 1 };
  if (from < 0 || !(event.key in step || event.key in ends)) return;
  event.preventDefault();
  const to = event.key in ends ? ends[event.key] : from + step[event.key];
  tiles[to]?.focus();
}
