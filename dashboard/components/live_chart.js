// A chart that lives as long as its place on the page: data come and go, the canvas, the zoom and the legend stay.

const charts = new WeakMap(); // the component's root -> its chart
const SVG = "http://www.w3.org/2000/svg";

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".live-chart");
  let chart = charts.get(root);
  if (!chart) {
    chart = openChart(root);
    charts.set(root, chart);
  }
  showData(chart, data);
  return () => {
    chart.observer.disconnect();
    cancelAnimationFrame(chart.frame);
    root.replaceChildren();
    charts.delete(root);
  };
}

function openChart(root) {
  const add = (parent, kind, className) => {
    const node = document.createElement(kind);
    node.className = className;
    parent.append(node);
    return node;
  };
  const chart = { root, hidden: new Set(), zoom: null, drag: null, hoverX: null, frame: 0, box: null };
  chart.legend = add(root, "div", "legend");
  chart.plot = add(root, "div", "plot");
  chart.canvas = add(chart.plot, "canvas", "");
  chart.reset = add(chart.plot, "button", "reset");
  chart.tip = add(chart.plot, "div", "tip");
  chart.waiting = add(chart.plot, "div", "waiting");
  chart.reset.type = "button";
  chart.reset.textContent = "Reset zoom";
  chart.canvas.tabIndex = 0;
  chart.canvas.setAttribute("role", "img");
  root.dataset.mounted = Math.random().toString(36).slice(2);
  chart.observer = new ResizeObserver(() => draw(chart)); // at once: a resized canvas is blank until drawn
  chart.observer.observe(chart.plot);
  listen(chart);
  setZoom(chart, null);
  return chart;
}

function showData(chart, data) {
  chart.data = data;
  chart.ink = readInk(chart.root);
  chart.colors = new Map(data.series.map((series, place) => [series.name, chart.ink.colorOf(series, place)]));
  chart.plot.style.height = `${data.height}px`;
  chart.canvas.setAttribute("aria-label", data.alt);
  chart.root.dataset.points = data.points;
  chart.waiting.textContent = data.empty;
  chart.waiting.hidden = data.points > 0;
  showLegend(chart);
  schedule(chart);
}

function schedule(chart) {
  cancelAnimationFrame(chart.frame);
  chart.frame = requestAnimationFrame(() => draw(chart));
}

function draw(chart) {
  const { canvas, plot } = chart;
  const width = plot.clientWidth;
  const height = plot.clientHeight;
  if (!chart.data || width === 0) return;
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  chart.box = drawChart(context, chart, width, height);
  showTip(chart, width);
}

function setZoom(chart, range) {
  chart.zoom = range;
  chart.root.dataset.zoom = range ? range.map((value) => Number(value.toPrecision(8))).join(",") : "";
  chart.reset.hidden = range === null;
  if (chart.data) schedule(chart);
}

function showLegend(chart) {
  const { legend, data } = chart;
  while (legend.children.length > data.series.length) legend.lastElementChild.remove();
  while (legend.children.length < data.series.length) legend.append(buildLegendEntry(chart));
  data.series.forEach((series, place) => {
    const button = legend.children[place];
    const look = `${chart.colors.get(series.name)} ${series.dashed} ${series.markers}`;
    if (button.dataset.look !== look) {
      button.dataset.look = look;
      button.replaceChild(buildSwatch(chart, series), button.firstElementChild);
    }
    button.dataset.name = series.name;
    button.setAttribute("aria-pressed", String(!chart.hidden.has(series.name)));
    button.children[1].textContent = series.name;
    const values = (series.smooth || series.y).filter((value) => value !== null);
    button.children[2].textContent = values.length ? labelValue(values.at(-1), data.yFormat === "percent") : "";
  });
}

function buildLegendEntry(chart) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(document.createElementNS(SVG, "svg"), document.createElement("span"), document.createElement("span"));
  button.lastElementChild.className = "last";
  button.addEventListener("click", () => {
    const { name } = button.dataset;
    if (!chart.hidden.delete(name)) chart.hidden.add(name);
    showLegend(chart);
    schedule(chart);
  });
  return button;
}

// A short piece of the very line: solid or dashed, with or without a dot.
function buildSwatch(chart, series) {
  const swatch = document.createElementNS(SVG, "svg");
  swatch.setAttribute("width", 24);
  swatch.setAttribute("height", 10);
  swatch.setAttribute("aria-hidden", "true");
  const color = chart.colors.get(series.name);
  const draw = (kind, attributes) => {
    const shape = document.createElementNS(SVG, kind);
    Object.entries(attributes).forEach(([name, value]) => shape.setAttribute(name, value));
    swatch.append(shape);
  };
  const dashes = series.dashed ? "6 3" : "none";
  draw("line", { x1: 0, x2: 24, y1: 5, y2: 5, stroke: color, "stroke-width": 2.2, "stroke-dasharray": dashes });
  if (series.markers) draw("circle", { cx: 12, cy: 5, r: 3.4, fill: color });
  return swatch;
}

function showTip(chart, width) {
  const { tip, box, data, hoverX } = chart;
  tip.hidden = hoverX === null || chart.drag !== null || box.shown.every((series) => series.x.length === 0);
  if (tip.hidden) return;
  const isPercent = data.yFormat === "percent";
  const line = (text, className) => Object.assign(document.createElement("span"), { textContent: text, className });
  const rows = box.shown
    .filter((series) => series.x.length > 0)
    .map((series) => {
      const i = findNearest(series.x, hoverX);
      const row = document.createElement("div");
      // Points of different lines need not share an x: each says its own where it differs from the crosshair's.
      const where = series.x[i] === hoverX ? "" : ` at ${labelX(series.x[i])}`;
      row.append(buildSwatch(chart, series), line(series.name + where, ""));
      row.append(line(labelValue((series.smooth || series.y)[i], isPercent), "value"));
      if (series.smooth) row.append(line(`raw ${labelValue(series.y[i], isPercent)}`, "raw"));
      return row;
    });
  const head = document.createElement("div");
  head.append(line(`${data.xTitle || "x"} ${labelX(hoverX)}`, "raw"));
  tip.replaceChildren(head, ...rows);
  const x = box.x.place(hoverX);
  const left = x > width / 2 ? x - tip.offsetWidth - 12 : x + 12;
  tip.style.transform = `translate(${Math.round(Math.max(0, Math.min(left, width - tip.offsetWidth)))}px, 0)`;
}

function listen(chart) {
  const { canvas } = chart;
  const placeOf = (event) => event.clientX - canvas.getBoundingClientRect().left;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.box) return;
    const from = placeOf(event);
    if (from < chart.box.left - 4 || from > chart.box.right + 12) return;
    canvas.setPointerCapture(event.pointerId);
    const isPan = event.shiftKey && chart.zoom !== null;
    chart.drag = { from, to: from, isZoom: !isPan, range: chart.zoom, box: chart.box };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!chart.box) return;
    if (chart.drag) chart.drag.to = placeOf(event);
    if (chart.drag && !chart.drag.isZoom) pan(chart, chart.drag);
    else hover(chart, placeOf(event));
    schedule(chart);
  });
  canvas.addEventListener("pointerup", () => endDrag(chart));
  canvas.addEventListener("pointercancel", () => {
    chart.drag = null;
    schedule(chart);
  });
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "touch") return; // a finger that is lifted leaves its values to be read
    chart.hoverX = null;
    schedule(chart);
  });
  canvas.addEventListener("dblclick", () => setZoom(chart, null));
  canvas.addEventListener("keydown", (event) => zoomByKey(chart, event));
  chart.reset.addEventListener("click", () => {
    setZoom(chart, null);
    canvas.focus(); // the button vanishes; whoever pressed it by key stays at the chart
  });
}

function hover(chart, place) {
  const at = chart.box.x.value(place);
  const nearest = chart.box.shown
    .filter((series) => series.x.length > 0)
    .map((series) => series.x[findNearest(series.x, at)])
    .filter((x) => x >= chart.box.x.from && x <= chart.box.x.to);
  chart.hoverX = nearest.length ? nearest.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a)) : null;
}

function endDrag(chart) {
  const { drag } = chart;
  chart.drag = null;
  if (drag?.isZoom && Math.abs(drag.to - drag.from) > 6) {
    const clamp = (place) => Math.min(drag.box.right, Math.max(drag.box.left, place));
    const range = [drag.from, drag.to].map((place) => drag.box.x.value(clamp(place))).sort((a, b) => a - b);
    setZoom(chart, range);
  } else if (drag) {
    hover(chart, drag.to);
  }
  schedule(chart);
}

function pan(chart, drag) {
  const shift = drag.box.x.value(drag.from) - drag.box.x.value(drag.to);
  moveZoom(chart, drag.range, shift);
}

// Shifted, but never beyond the data.
function moveZoom(chart, [from, to], shift) {
  const [first, last] = measureX(chart.data.series) || [from, to];
  const kept = Math.max(Math.min(first - from, 0), Math.min(Math.max(last - to, 0), shift));
  setZoom(chart, [from + kept, to + kept]);
}

function zoomByKey(chart, event) {
  if (!chart.box || event.ctrlKey || event.metaKey || event.altKey) return;
  const { from, to } = chart.box.x;
  const span = to - from;
  const narrow = () => setZoom(chart, [from + span / 6, to - span / 6]);
  const widen = () => {
    const [first, last] = measureX(chart.data.series) || [from, to];
    const range = [Math.max(first, from - span / 4), Math.min(last, to + span / 4)];
    setZoom(chart, range[0] <= first && range[1] >= last ? null : range);
  };
  const actions = {
    "+": narrow,
    "=": narrow,
    "-": widen,
    Escape: () => setZoom(chart, null),
    ArrowLeft: () => chart.zoom && moveZoom(chart, chart.zoom, -span / 10),
    ArrowRight: () => chart.zoom && moveZoom(chart, chart.zoom, span / 10),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}
