// A chart's state to pixels. Called at most once a frame; reads the state and changes nothing but the canvas.

const SERIES_COLORS = ["blue", "orange", "green", "violet", "gray"];

function readInk(root) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    font: style.fontFamily,
    ink: read("--st-text-color"),
    paper: read("--st-background-color"),
    line: read("--st-border-color"),
    accent: read("--st-primary-color"),
    faint: read("--st-gray-color"),
    colorOf: (series, place) => {
      const name = series.color || SERIES_COLORS[place % SERIES_COLORS.length];
      return SERIES_COLORS.includes(name) ? read(`--st-${name}-color`) : name;
    },
  };
}

// Where everything lies: the two scales, their ticks and the rectangle between them.
function layOut(context, chart, width, height) {
  const { data, ink } = chart;
  const shown = data.series.filter((series) => !chart.hidden.has(series.name));
  const range = chart.zoom || measureX(shown) || measureX(data.series) || [0, 1];
  const [low, high] = measureY(shown, range, data);
  const isPercent = data.yFormat === "percent";
  const top = 26; // room for the title of y and the button that resets the zoom
  const bottom = height - (data.xTitle ? 40 : 24);
  const yCount = Math.max(2, Math.floor((bottom - top) / 40));
  const yTicks = data.logY ? listLogTicks(low, high, yCount) : listTicks(low, high, yCount);
  const yLabels = labelTicks(yTicks, isPercent, data.logY);
  context.font = `12px ${ink.font}`;
  const left = 10 + Math.max(18, ...yLabels.map((label) => context.measureText(label).width));
  const right = width - 12;
  const xTicks = listTicks(range[0], range[1], Math.max(2, Math.floor((right - left) / 72)));
  return {
    shown,
    left,
    right,
    edge: right + 6, // the last dot is drawn whole
    top,
    bottom,
    x: buildScale(range[0], range[1], left, right, false),
    y: buildScale(low, high, bottom, top, data.logY),
    xTicks,
    xLabels: labelTicks(xTicks, false, false),
    yTicks,
    yLabels,
  };
}

function drawChart(context, chart, width, height) {
  const box = layOut(context, chart, width, height);
  context.clearRect(0, 0, width, height);
  drawAxes(context, chart, box, width);
  context.save();
  context.beginPath();
  context.rect(box.left - 1, box.top - 5, box.edge - box.left + 1, box.bottom - box.top + 10);
  context.clip();
  if (chart.data.baseline) drawBaseline(context, chart, box);
  for (const series of box.shown) drawSeries(context, chart, box, series);
  if (chart.hoverX !== null && !chart.drag) drawHover(context, chart, box);
  if (chart.drag?.isZoom) drawBand(context, chart, box);
  context.restore();
  return box;
}

function drawAxes(context, chart, box, width) {
  const { ink, data } = chart;
  context.lineWidth = 1;
  context.strokeStyle = ink.line;
  context.fillStyle = ink.faint;
  context.textBaseline = "middle";
  context.textAlign = "right";
  box.yTicks.forEach((tick, i) => {
    const y = Math.round(box.y.place(tick)) + 0.5;
    context.globalAlpha = 0.6;
    strokePath(context, [[box.left, y], [box.edge, y]]);
    context.globalAlpha = 1;
    context.fillText(box.yLabels[i], box.left - 6, y);
  });
  context.textBaseline = "top";
  context.textAlign = "center";
  strokePath(context, [[box.left, box.bottom + 0.5], [box.edge, box.bottom + 0.5]]);
  box.xTicks.forEach((tick, i) => {
    const x = Math.round(box.x.place(tick)) + 0.5;
    strokePath(context, [[x, box.bottom], [x, box.bottom + 4]]);
    const half = context.measureText(box.xLabels[i]).width / 2;
    context.fillText(box.xLabels[i], Math.min(x, width - half), box.bottom + 7);
  });
  context.fillText(data.xTitle, (box.left + box.right) / 2, box.bottom + 24);
  context.textAlign = "left";
  context.fillText(data.yTitle, 4, 2);
}

function strokePath(context, points) {
  context.beginPath();
  points.forEach(([x, y]) => context.lineTo(x, y));
  context.stroke();
}

function drawBaseline(context, chart, box) {
  const { value, label } = chart.data.baseline;
  const y = Math.round(box.y.place(value)) + 0.5;
  context.save();
  context.strokeStyle = chart.ink.faint;
  context.fillStyle = chart.ink.faint;
  context.setLineDash([2, 3]);
  strokePath(context, [[box.left, y], [box.edge, y]]);
  context.textAlign = "left"; // curves end near the baseline, but seldom start there
  context.textBaseline = y - box.top < 16 ? "top" : "bottom";
  context.fillText(label, box.left + 6, y + (y - box.top < 16 ? 3 : -3));
  context.restore();
}

function drawSeries(context, chart, box, series) {
  const color = chart.colors.get(series.name);
  context.save();
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineJoin = "round";
  if (series.smooth) {
    context.globalAlpha = 0.3;
    context.lineWidth = 1;
    traceLine(context, box, series.x, series.y);
    context.globalAlpha = 1;
  }
  context.lineWidth = 1.9;
  if (series.dashed) context.setLineDash([6, 4]);
  traceLine(context, box, series.x, series.smooth || series.y);
  context.setLineDash([]);
  if (series.markers || series.x.length === 1) drawMarkers(context, chart, box, series);
  context.restore();
}

function isDrawable(value, box) {
  return value !== null && (!box.y.isLog || value > 0);
}

function traceLine(context, box, xs, ys) {
  const start = Math.max(0, findPlace(xs, box.x.from) - 1);
  const end = Math.min(xs.length, findPlace(xs, box.x.to) + 1);
  context.beginPath();
  let isPenDown = false;
  for (let i = start; i < end; i += 1) {
    if (!isDrawable(ys[i], box)) {
      isPenDown = false;
      continue;
    }
    const [x, y] = [box.x.place(xs[i]), box.y.place(ys[i])];
    if (isPenDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isPenDown = true;
  }
  context.stroke();
}

function drawMarkers(context, chart, box, series) {
  // Dots that would touch each other say nothing: beyond one per 7 pixels the line alone is drawn.
  const start = findPlace(series.x, box.x.from);
  const end = findPlace(series.x, box.x.to + 1e-9);
  if (end - start > (box.right - box.left) / 7) return;
  for (let i = start; i < Math.min(end + 1, series.x.length); i += 1) {
    if (isDrawable(series.y[i], box)) drawDot(context, chart, box.x.place(series.x[i]), box.y.place(series.y[i]), 3.2);
  }
}

function drawDot(context, chart, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
  context.lineWidth = 1.2;
  context.strokeStyle = chart.ink.paper;
  context.stroke();
}

function drawHover(context, chart, box) {
  const x = Math.round(box.x.place(chart.hoverX)) + 0.5;
  context.strokeStyle = chart.ink.faint;
  context.lineWidth = 1;
  context.globalAlpha = 0.6;
  strokePath(context, [[x, box.top], [x, box.bottom]]);
  context.globalAlpha = 1;
  for (const series of box.shown) {
    const i = findNearest(series.x, chart.hoverX);
    const value = (series.smooth || series.y)[i];
    if (value === undefined || !isDrawable(value, box)) continue;
    context.fillStyle = chart.colors.get(series.name);
    drawDot(context, chart, box.x.place(series.x[i]), box.y.place(value), 4);
  }
}

function drawBand(context, chart, box) {
  const from = Math.max(box.left, Math.min(chart.drag.from, chart.drag.to));
  const to = Math.min(box.right, Math.max(chart.drag.from, chart.drag.to));
  context.fillStyle = chart.ink.accent;
  context.globalAlpha = 0.16;
  context.fillRect(from, box.top, to - from, box.bottom - box.top);
  context.globalAlpha = 1;
}
