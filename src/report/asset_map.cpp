#include "report/assets.hpp"

namespace likewise::report {

const char* const kMapScript = R"js(
// The map: dots or pictures on a canvas; drag, pinch, buttons, Ctrl and the wheel.
document.querySelectorAll('.map').forEach(figure => {
  const data = dataOf(figure), points = data.points.filter(p => Number.isFinite(p[0] + p[1]));
  const canvas = figure.querySelector('canvas'), stage = figure.querySelector('.stage');
  const card = figure.querySelector('.card'), legend = figure.querySelector('.legend');
  const pen = canvas.getContext('2d'), thumb = data.thumb || 32, columns = data.columns || 1;
  const classes = data.classes || [], names = data.names || [];
  const range = k => points.reduce((r, p) => [Math.min(r[0], p[k]), Math.max(r[1], p[k])],
                                   [Infinity, -Infinity]);
  const [xa, xb] = range(0), [ya, yb] = range(1);
  const view = {x: (xa + xb) / 2, y: (ya + yb) / 2, zoom: 1};
  let width = 1, height = 1, chosen = null, pictures = false, hovered = -1, waiting = false;
  let sprite = null;
  if (data.sprite) {
    sprite = new Image();
    sprite.onload = () => draw();
    sprite.src = data.sprite;
  } else {
    figure.querySelector('[data-do=pictures]').remove();
  }
  const dark = () => getComputedStyle(document.documentElement).colorScheme.includes('dark');
  // Ten hues chosen by hand, then the golden angle.
  const hues = [[210, 75], [28, 85], [145, 50], [345, 65], [268, 50], [184, 65], [48, 80], [310, 45],
                [95, 50], [0, 70]];
  const colour = c => {
    if (c === null || c === undefined || c < 0) return '#8b939d';
    const [h, s] = c < hues.length ? hues[c] : [(c * 137.508) % 360, 50 + (c % 3) * 12];
    return `hsl(${h} ${s}% ${dark() ? 64 : 44}%)`;
  };
  const scale = () => view.zoom * 0.92 * Math.min(width / (xb - xa || 1), height / (yb - ya || 1));
  const toX = x => width / 2 + (x - view.x) * scale();
  const toY = y => height / 2 - (y - view.y) * scale();

  function paint() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth; height = canvas.clientHeight;
    canvas.width = width * ratio; canvas.height = height * ratio;
    pen.scale(ratio, ratio);
    const radius = Math.min(6, (points.length > 3000 ? 2 : 2.8) * Math.sqrt(view.zoom));
    const side = Math.min(2 * thumb, thumb * 0.45 * Math.sqrt(view.zoom));
    const order = points.map((_, i) => i);
    if (chosen !== null) order.sort((a, b) => (points[a][2] === chosen) - (points[b][2] === chosen));
    for (const i of order) {
      const p = points[i], x = toX(p[0]), y = toY(p[1]);
      if (x < -side || y < -side || x > width + side || y > height + side) continue;
      const off = chosen !== null && p[2] !== chosen;
      pen.globalAlpha = off ? 0.1 : pictures ? 1 : 0.72;
      if (pictures && sprite && sprite.complete && p[3] >= 0) {
        pen.drawImage(sprite, p[3] % columns * thumb, Math.floor(p[3] / columns) * thumb, thumb, thumb,
                      x - side / 2, y - side / 2, side, side);
      } else {
        pen.fillStyle = colour(p[2]);
        pen.beginPath(); pen.arc(x, y, radius, 0, 7); pen.fill();
      }
    }
    pen.globalAlpha = 1;
    if (hovered >= 0) {
      const p = points[hovered];
      pen.strokeStyle = dark() ? '#fff' : '#000'; pen.lineWidth = 1.5;
      pen.beginPath(); pen.arc(toX(p[0]), toY(p[1]), radius + 3, 0, 7); pen.stroke();
    }
  }
  function draw() { if (!waiting) { waiting = true; requestAnimationFrame(paint); } }

  function hover(x, y) {
    let best = 24 * 24;
    hovered = -1;
    points.forEach((p, i) => {
      if (chosen !== null && p[2] !== chosen) return;
      const dx = toX(p[0]) - x, dy = toY(p[1]) - y, d = dx * dx + dy * dy;
      if (d < best) { best = d; hovered = i; }
    });
    card.hidden = hovered < 0;
    if (hovered >= 0) {
      const p = points[hovered], image = card.querySelector('span'), zoom = 96 / thumb;
      const index = data.points.indexOf(p);
      image.hidden = !sprite || !(p[3] >= 0);
      if (!image.hidden) {
        image.style.cssText = `width:96px;height:96px;background-image:url("${data.sprite}");` +
          `background-size:${sprite.naturalWidth * zoom}px auto;background-position:` +
          `${-(p[3] % columns) * 96}px ${-Math.floor(p[3] / columns) * 96}px`;
      }
      card.querySelector('b').textContent = p[2] >= 0 && classes[p[2]] || '';
      card.querySelector('small').textContent = names[index] || '';
      const cx = toX(p[0]), cy = toY(p[1]), w = card.offsetWidth, h = card.offsetHeight;
      card.style.left = Math.max(4, cx + 14 + w > width ? cx - 14 - w : cx + 14) + 'px';
      card.style.top = Math.max(4, Math.min(height - h - 4, cy - h / 2)) + 'px';
    }
    draw();
  }
  function zoomAt(x, y, factor) {
    const zoom = Math.min(60, Math.max(1, view.zoom * factor)), s = scale();
    const wx = view.x + (x - width / 2) / s, wy = view.y - (y - height / 2) / s;
    view.zoom = zoom;
    view.x = wx - (x - width / 2) / scale(); view.y = wy + (y - height / 2) / scale();
    if (zoom === 1) { view.x = (xa + xb) / 2; view.y = (ya + yb) / 2; }
    canvas.style.touchAction = zoom > 1 ? 'none' : 'pan-y';
    card.hidden = true; hovered = -1;
    draw();
  }

  const fingers = new Map();
  const local = e => { const b = canvas.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
  const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  canvas.addEventListener('pointerdown', e => {
    fingers.set(e.pointerId, local(e)); canvas.setPointerCapture(e.pointerId); hover(...local(e));
  });
  canvas.addEventListener('pointermove', e => {
    const now = local(e), before = fingers.get(e.pointerId);
    if (!before) { hover(...now); return; }
    if (fingers.size === 2) {
      const old = spread();
      fingers.set(e.pointerId, now);
      const [a, b] = [...fingers.values()];
      zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, spread() / (old || 1));
      return;
    }
    fingers.set(e.pointerId, now);
    view.x -= (now[0] - before[0]) / scale(); view.y += (now[1] - before[1]) / scale();
    if (now[0] !== before[0] || now[1] !== before[1]) { card.hidden = true; hovered = -1; }
    draw();
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, e => fingers.delete(e.pointerId));
  }
  canvas.addEventListener('pointerleave', () => {
    if (!fingers.size) { card.hidden = true; hovered = -1; draw(); }
  });
  canvas.addEventListener('wheel', e => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    zoomAt(...local(e), Math.exp(-e.deltaY * 0.004));
  }, {passive: false});
  canvas.addEventListener('dblclick', e => zoomAt(...local(e), 2));
  const doing = {
    in: () => zoomAt(width / 2, height / 2, 1.6), out: () => zoomAt(width / 2, height / 2, 1 / 1.6),
    all: () => zoomAt(0, 0, 0),
    pictures: button => {
      pictures = !pictures; button.setAttribute('aria-pressed', pictures); draw();
    },
  };
  figure.querySelectorAll('[data-do]').forEach(b => { b.onclick = () => doing[b.dataset.do](b); });

  // Legend: one class at a time stands out.
  const sizes = classes.map((_, c) => points.filter(p => p[2] === c).length);
  const entries = classes.map((name, c) => {
    const button = document.createElement('button'), spot = document.createElement('i');
    const count = document.createElement('small');
    count.textContent = sizes[c].toLocaleString('en');
    button.append(spot, name, count);
    button.setAttribute('aria-pressed', false);
    button.onclick = () => {
      chosen = chosen === c ? null : c;
      entries.forEach((e, i) => e.setAttribute('aria-pressed', i === chosen));
      hovered = -1; card.hidden = true;
      draw();
    };
    if (sizes[c]) legend.append(button);
    return button;
  });
  const tint = () => { entries.forEach((e, c) => { e.firstChild.style.background = colour(c); }); draw(); };
  document.addEventListener('themechange', tint);
  new ResizeObserver(draw).observe(stage);
  tint();
});
)js";

}  // namespace likewise::report
