#include "report/assets.hpp"

namespace likewise::report {

const char* const kChartScript = R"js('use strict';
const dataOf = figure => JSON.parse(figure.querySelector('script').textContent);

// Theme: the system's, until the reader presses the button.
(() => {
  const root = document.documentElement, button = document.querySelector('.theme');
  const dark = () => root.dataset.theme
    ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const name = () => { button.textContent = dark() ? 'Light' : 'Dark'; };
  try { const kept = localStorage.getItem('likewise-theme'); if (kept) root.dataset.theme = kept; }
  catch (e) { /* a file:// page may have no storage */ }
  button.onclick = () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    try { localStorage.setItem('likewise-theme', root.dataset.theme); } catch (e) { /* as above */ }
    name();
    document.dispatchEvent(new Event('themechange'));
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    name(); document.dispatchEvent(new Event('themechange'));
  });
  name();
})();

// Charts: a crosshair with the values at its place, shared by the charts of a group.
(() => {
  const NS = 'http://www.w3.org/2000/svg';
  const show = (v, share) => share ? (100 * v).toFixed(1) + '%'
    : (v === 0 ? '0' : Math.abs(v) >= 1e3 ? Math.round(v).toLocaleString('en')
    : Math.abs(v) < 1e-4 ? v.toExponential(2) : String(Number(v.toPrecision(4)))).replace(/^-/, '−');
  const nearest = (points, x) => {
    let low = 0, high = points.length - 1;
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (points[mid][0] < x) low = mid; else high = mid;
    }
    return x - points[low][0] <= points[high][0] - x ? points[low] : points[high];
  };
  const charts = [...document.querySelectorAll('.chart')].map(figure => {
    const data = dataOf(figure), svg = figure.querySelector('svg');
    const outputs = [...figure.querySelectorAll('output')], where = figure.querySelector('.where');
    const rest = outputs.map(o => o.textContent), cursor = svg.querySelector('.cursor');
    const colours = [...figure.querySelectorAll('.key')].map(k => k.style.getPropertyValue('--c'));
    const [x0, x1, y0, y1] = data.frame, [left, right, top, bottom] = data.plot;
    const px = x => left + (x - x0) / (x1 - x0) * (right - left);
    const py = y => bottom - (y - y0) / (y1 - y0) * (bottom - top);
    const add = (name, attributes) => {
      const node = document.createElementNS(NS, name);
      for (const key in attributes) node.setAttribute(key, attributes[key]);
      cursor.append(node);
      return node;
    };
    const clear = () => {
      cursor.replaceChildren();
      outputs.forEach((o, i) => { o.textContent = rest[i]; });
      where.textContent = where.dataset.at;
    };
    const at = x => {
      cursor.replaceChildren();
      const anchor = nearest(data.lines.reduce((a, b) => b.length > a.length ? b : a), x)[0];
      add('path', {d: `M${px(anchor)} ${top}V${bottom}`});
      data.lines.forEach((points, i) => {
        const p = nearest(points, anchor);
        const range = p.length > 3 ? ` (${show(p[2], data.share)} – ${show(p[3], data.share)})` : '';
        outputs[i].textContent = show(p[1], data.share) + range;
        add('circle', {cx: px(p[0]), cy: py(p[1]), r: 3.6}).style.setProperty('--c', colours[i]);
      });
      where.textContent = data.labels.length ? `${data.labels[anchor]} ${data.x}`
        : `${data.x} ${show(anchor, false)}`;
    };
    const chart = {data, at, clear};
    const place = event => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      share(chart, x0 + (Math.min(right, Math.max(left, x)) - left) / (right - left) * (x1 - x0));
    };
    svg.addEventListener('pointermove', place);
    svg.addEventListener('pointerdown', place);
    svg.addEventListener('pointerleave', () => share(chart, null));
    svg.addEventListener('blur', () => share(chart, null));
    let key = null;
    svg.addEventListener('keydown', event => {
      const turn = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!turn) return;
      event.preventDefault();
      const points = data.lines[0], last = points.length - 1;
      key = key === null ? (turn > 0 ? 0 : last) : Math.min(last, Math.max(0, key + turn));
      share(chart, points[key][0]);
    });
    return chart;
  });
  function share(source, x) {
    for (const chart of charts) {
      if (chart !== source && !(source.data.group && chart.data.group === source.data.group)) continue;
      if (x === null) chart.clear(); else chart.at(x);
    }
  }
})();

// Confusion matrix: the cell under the pointer in words.
document.querySelectorAll('.confusion').forEach(figure => {
  const {classes, counts} = dataOf(figure), svg = figure.querySelector('svg');
  const out = figure.querySelector('.cell');
  const margin = Number(svg.dataset.margin), side = Number(svg.dataset.side);
  const tell = event => {
    const box = svg.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - margin) / side);
    const row = Math.floor((event.clientY - box.top - margin) / side);
    if (!(counts[row] && column >= 0 && column < counts.length)) { out.textContent = '\u00a0'; return; }
    const n = counts[row][column], total = counts[row].reduce((a, b) => a + b, 0);
    const share = total ? (100 * n / total).toFixed(1) : '0.0';
    out.textContent = row === column
      ? `${classes[row]} recognised: ${n} of ${total}, ${share}%`
      : `${classes[row]} taken for ${classes[column]}: ${n} of ${total}, ${share}%`;
  };
  svg.addEventListener('pointermove', tell);
  svg.addEventListener('pointerdown', tell);
});

// Small pictures are enlarged with hard edges, so that nothing is shown that is not there.
document.querySelectorAll('.strip img').forEach(image => {
  const mark = () => { if (image.naturalWidth <= 64) image.classList.add('small'); };
  if (image.complete) mark(); else image.onload = mark;
});
)js";

}  // namespace likewise::report
