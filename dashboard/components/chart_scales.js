// Numbers to places and to words: axes, ticks and the search for a point. Nothing here draws.

function buildScale(from, to, start, end, isLog) {
  const map = isLog ? Math.log10 : (value) => value;
  const low = map(from);
  const span = map(to) - low || 1;
  return {
    from,
    to,
    isLog,
    place: (value) => start + ((map(value) - low) / span) * (end - start),
    value: (place) => {
      const mapped = low + ((place - start) / (end - start)) * span;
      return isLog ? 10 ** mapped : mapped;
    },
  };
}

// Round numbers (1, 2 or 5 times a power of ten), about `count` of them.
function listTicks(from, to, count) {
  const rough = (to - from) / Math.max(count, 1);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.7);
  const ticks = [];
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to + step * 1e-9; n += 1) ticks.push(n * step);
  return ticks;
}

// Powers of ten over a long range; over a short one 2 and 5 between them, and over less than that round numbers.
function listLogTicks(from, to, count) {
  const decades = Math.log10(to / from);
  if (decades < 0.7) return listTicks(from, to, count);
  const factors = decades < 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / (count + 1)));
  const ticks = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power += 1) {
    if (power % stride !== 0) continue;
    for (const factor of factors) {
      const tick = factor * 10 ** power;
      if (tick >= from && tick <= to) ticks.push(tick);
    }
  }
  return ticks;
}

function countDecimals(values) {
  const step = values.length > 1 ? Math.min(...values.slice(1).map((value, i) => value - values[i])) : values[0];
  return Math.min(6, Math.max(0, Math.ceil(-Math.log10(Math.abs(step) || 1) - 1e-9)));
}

// Labels that all have the same number of decimals, as few as tell them apart.
function labelTicks(ticks, isPercent, isLog) {
  const values = isPercent ? ticks.map((tick) => tick * 100) : ticks;
  const decimals = countDecimals(values);
  return values.map((value) => {
    const text = isLog ? String(Number(value.toPrecision(3))) : groupDigits(value.toFixed(decimals));
    return isPercent ? `${text} %` : text;
  });
}

function groupDigits(text) {
  const [whole, rest] = text.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

function labelValue(value, isPercent) {
  if (value === null || value === undefined) return "–";
  if (isPercent) return `${(value * 100).toFixed(2)} %`;
  if (value === 0) return "0";
  return Math.abs(value) < 0.001 ? value.toExponential(2) : groupDigits(String(Number(value.toPrecision(4))));
}

function labelX(value) {
  return groupDigits(String(Number(value.toPrecision(6))));
}

// First place in the ascending `xs` whose x is not below `x`.
function findPlace(xs, x) {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function findNearest(xs, x) {
  const place = findPlace(xs, x);
  if (place === 0) return 0;
  if (place === xs.length) return xs.length - 1;
  return x - xs[place - 1] <= xs[place] - x ? place - 1 : place;
}

function measureX(series) {
  let from = Infinity;
  let to = -Infinity;
  for (const { x } of series) {
    if (x.length === 0) continue;
    from = Math.min(from, x[0]);
    to = Math.max(to, x[x.length - 1]);
  }
  if (from > to) return null;
  return from === to ? [from - 0.5, to + 0.5] : [from, to];
}

// The span of y over the points in sight, with a little air.
function measureY(series, [left, right], data) {
  let from = Infinity;
  let to = -Infinity;
  const take = (value) => {
    if (value === null || value === undefined || (data.logY && value <= 0)) return;
    from = Math.min(from, value);
    to = Math.max(to, value);
  };
  for (const { x, y, smooth } of series) {
    const end = Math.min(x.length, findPlace(x, right) + 1);
    for (let i = Math.max(0, findPlace(x, left) - 1); i < end; i += 1) {
      take(y[i]);
      if (smooth) take(smooth[i]);
    }
  }
  if (data.baseline && from <= to) take(data.baseline.value);
  if (from > to) return data.logY ? [0.1, 1] : [0, 1];
  if (data.logY) {
    const air = (to / from) ** 0.06 || 1;
    return from === to ? [from / 2, to * 2] : [from / air, to * air];
  }
  const air = (to - from) * 0.06 || Math.abs(to) * 0.1 || 0.5;
  const isShare = data.yFormat === "percent" && from >= 0 && to <= 1;
  return isShare ? [Math.max(0, from - air), Math.min(1, to + air)] : [from - air, to + air];
}
