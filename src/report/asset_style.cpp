#include <string>

#include "report/assets.hpp"

namespace likewise::report {

namespace {

constexpr const char* kLightColours = R"css(
  color-scheme: light;
  --paper: #fcfcfa; --card: #ffffff; --ink: #1d2126; --soft: #5a626c; --faint: #8b939d;
  --rule: #dfe2e5; --hair: #eceef0; --alert: #9a5b00; --alert-paper: #fdf5e6;
  --c0: #0b5fa5; --c1: #7b8794; --c2: #b97a1c; --c3: #2f7f52; --c4: #b03a55; --c5: #6a51a3;
  --c6: #16858a; --c7: #8a6a45;
)css";

constexpr const char* kDarkColours = R"css(
  color-scheme: dark;
  --paper: #14171b; --card: #1a1e23; --ink: #e6e8ea; --soft: #a3abb4; --faint: #747d87;
  --rule: #31373e; --hair: #242930; --alert: #e6b35c; --alert-paper: #2a2418;
  --c0: #6cb4f2; --c1: #97a3af; --c2: #dfa653; --c3: #69bf8e; --c4: #ea7f97; --c5: #b09be6;
  --c6: #58c3c7; --c7: #c7a67c;
)css";

constexpr const char* kText = R"css(
:root {
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Palatino,
           "Source Serif 4", "Noto Serif", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial,
          sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 3.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans);
  font-variant-numeric: tabular-nums lining-nums; }
.sheet { max-width: 1200px; margin: 0 auto; padding: 0 28px 64px; }
header { padding: 56px 0 26px; position: relative; }
.kicker { font-size: 13px; color: var(--soft); margin: 0 0 6px; }
h1 { font: 600 clamp(30px, 5vw, 46px)/1.12 var(--serif); letter-spacing: -.012em; margin: 0;
  overflow-wrap: anywhere; }
.opening { font: 400 clamp(18px, 2.1vw, 21px)/1.5 var(--serif); color: var(--soft); margin: 14px 0 0;
  max-width: 46em; text-wrap: pretty; }
h2 { font: 600 27px/1.2 var(--serif); letter-spacing: -.008em; margin: 0 0 18px; }
h3 { font: 600 16px/1.3 var(--sans); margin: 30px 0 10px; }
section { padding: 44px 0 8px; }
section p { max-width: 46em; color: var(--soft); margin: 0 0 18px; }
button { font: 500 13px/1 var(--sans); color: var(--ink); background: var(--card);
  border: 1px solid var(--rule); border-radius: 6px; padding: 8px 11px; cursor: pointer; }
button:hover { border-color: var(--faint); }
button[aria-pressed=true] { color: var(--card); background: var(--ink); border-color: var(--ink); }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
.theme { position: absolute; right: 0; top: 52px; }
nav { position: sticky; top: 0; z-index: 5; background: var(--paper); border-block: 1px solid var(--rule);
  display: flex; gap: 26px; overflow-x: auto; scrollbar-width: none; font-size: 14px; }
nav::-webkit-scrollbar { display: none; }
nav a { color: var(--soft); text-decoration: none; padding: 11px 0 10px; white-space: nowrap;
  border-bottom: 2px solid transparent; }
nav a:hover { color: var(--ink); border-color: var(--c0); }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--rule); color: var(--faint);
  font-size: 13px; }
.verdict { font: 400 20px/1.45 var(--serif); color: var(--ink); margin: 0 0 16px; max-width: 44em; }
.verdict span { display: block; font: 600 13px/1.6 var(--sans); color: var(--c3); }
.warnings { margin: 0 0 24px; padding: 12px 18px 12px 36px; background: var(--alert-paper);
  border-radius: 8px; max-width: 62em; }
.warnings li { margin: 3px 0; } .warnings li::marker { color: var(--alert); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 16px 28px;
  margin: 34px 0 0; padding-top: 20px; border-top: 1px solid var(--rule); }
.facts dt { font-size: 13px; color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
)css";

constexpr const char* kTables = R"css(
.key { display: inline-flex; align-items: baseline; gap: 6px; white-space: nowrap; }
.key i.only { display: none; }
.key i { width: 9px; height: 9px; border-radius: 50%; background: var(--c); flex: none; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
caption { text-align: left; color: var(--soft); padding-bottom: 12px; font-size: 14px; }
th { font-weight: 500; text-align: left; } thead th { color: var(--soft); font-size: 13px; }
th, td { padding: 8px 16px 8px 0; border-bottom: 1px solid var(--hair); vertical-align: middle; }
thead th { border-bottom: 1px solid var(--rule); vertical-align: bottom; }
.num { text-align: right; white-space: nowrap; padding-right: 0; padding-left: 22px; }
.plain thead .num { white-space: normal; min-width: 6.2em; } .plain thead .num .key { white-space: nowrap; }
.lead { font-weight: 650; }
.best { font-weight: 650; color: var(--c0); }
tr.head th { padding-top: 22px; font: 600 16px/1.3 var(--sans); }
.scroll { overflow-x: auto; }
.scores .wide { width: 42%; padding-left: 12px; padding-right: 12px; }
.scores th[scope] { min-width: 11em; }
.scale { position: relative; height: 1.4em; font-size: 12px; }
.scale span { position: absolute; left: calc(25% * var(--i)); transform: translateX(-50%); }
.track { position: relative; height: 26px; background:
  linear-gradient(var(--rule), var(--rule)) center/100% 1px no-repeat,
  repeating-linear-gradient(to right, var(--hair) 0 1px, transparent 1px 25%); }
.track > * { position: absolute; top: 50%; }
.track b { width: 11px; height: 11px; margin: -5.5px; border-radius: 50%; background: var(--c);
  box-shadow: 0 0 0 2px var(--paper); }
.track i { height: 3px; margin-top: -1.5px; min-width: 1px; background: var(--c); opacity: .45; }
.track s { width: 1px; height: 14px; margin-top: -7px; background: var(--faint); }
.options { font: 13px/1.5 var(--mono); } .options th { font-weight: 400; color: var(--soft); }
.options th, .options td { padding: 5px 14px 5px 0; vertical-align: top; overflow-wrap: anywhere; }
.options th { width: 44%; }
.groups { columns: 2; column-gap: 40px; }
.groups details { break-inside: avoid; }
details { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: 11px 0; font-weight: 500; }
summary small { color: var(--faint); font-weight: 400; margin-left: 8px; }
details table { margin: 0 0 14px; }
)css";

constexpr const char* kFigures = R"css(
figure { margin: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr));
  gap: 34px 36px; }
.chart { position: relative; display: flex; flex-direction: column; }
.chart figcaption { flex: 1; display: grid; grid-template-columns: 1fr auto; column-gap: 14px;
  align-content: start; font-size: 15px; padding-bottom: 6px; min-height: 46px; }
.chart b { font-weight: 600; }
.chart small, .confusion small { grid-row: 2; grid-column: 1 / -1; display: block; font-size: 13px;
  line-height: 1.4; color: var(--soft); }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 14px; }
.keys output { font-weight: 600; }
.keys:has(.key + .key) { grid-row: 3; grid-column: 1 / -1; padding-top: 4px; }
.feature { display: grid; grid-template-columns: minmax(0, 520px) minmax(0, 1fr); gap: 24px 64px;
  align-items: center; margin-bottom: 40px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg svg { overflow: hidden; }
.chart > svg { touch-action: pan-y; cursor: crosshair; }
svg text { fill: var(--soft); font-family: var(--sans); } .tick { font-size: 11.5px; }
.grid { stroke: var(--hair); } .axis { stroke: var(--faint); }
.line { fill: none; stroke: var(--c); stroke-width: 1.7; stroke-linejoin: round; }
.band { fill: var(--c); opacity: .16; }
.whisker { stroke: var(--c); stroke-width: 2; opacity: .5; }
.dot { fill: var(--c); stroke: var(--paper); stroke-width: 1; }
.cursor path { stroke: var(--faint); } .cursor circle { fill: var(--c); stroke: var(--paper); stroke-width: 1.5; }
.where { text-align: right; font-size: 12px; color: var(--faint); line-height: 1.2; padding-right: 2%; }
.classes { display: grid; grid-template-columns: minmax(0, max-content) minmax(280px, 1fr); gap: 24px 56px; }
.confusion { min-width: 0; } .confusion .scroll { max-height: 720px; overflow: auto; margin-top: 12px; }
.confusion figcaption b { font-weight: 600; }
.heat { width: auto; max-width: none; } .heat .ground { fill: var(--card); stroke: var(--hair); }
.heat .hit { fill: var(--c0); } .heat .miss { fill: var(--c4); }
.heat .on { fill: var(--card); } .heat text { pointer-events: none; }
.cell { display: block; font-size: 14px; color: var(--soft); min-height: 1.6em; margin-top: 6px; }
.words div:first-child h3 { margin-top: 0; }
.worst, .bars { list-style: none; margin: 0; padding: 0; font-size: 15px; }
.worst li { padding: 6px 0; border-bottom: 1px solid var(--hair); display: flex; flex-wrap: wrap; gap: 0 6px; }
.worst b { font-weight: 600; } .worst span { color: var(--soft); margin-left: auto; }
.bars li { display: grid; grid-template-columns: minmax(5em, 8em) 1fr 3em; gap: 12px; align-items: center;
  padding: 2px 0; font-size: 14px; }
.bars i { height: 9px; background: var(--hair); } .bars b { display: block; height: 9px; background: var(--c0); }
.bars span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars span:last-child { text-align: right; }
.strips { display: grid; gap: 18px; }
.strip { display: grid; grid-template-columns: 112px minmax(0, 1fr); gap: 20px; }
.strip img { display: block; width: 88px; height: 88px; object-fit: cover; border-radius: 3px; background: var(--hair); }
.strip img.small { image-rendering: pixelated; }
.strip > div { display: flex; flex-wrap: wrap; gap: 8px; }
.strip audio { display: block; width: 88px; height: 30px; margin-top: 4px; }
.strip > figure audio { width: 112px; }
.strip .line { flex-basis: 100%; height: 0; }
.strip > figure img { width: 112px; height: 112px; }
.strip figcaption { font-size: 12px; line-height: 1.35; color: var(--soft); padding-top: 4px; overflow-wrap: anywhere; }
.strip > div figure { width: 88px; }
.strip > div figure img { border-bottom: 3px solid transparent; height: 91px; }
.strip .same img { border-bottom-color: var(--hair); } .strip .other img { border-bottom-color: var(--c4); }
.strip .other figcaption { color: var(--c4); }
.strip em { font-style: normal; color: var(--faint); }
.map { display: grid; grid-template-columns: minmax(0, 1fr) 190px; gap: 10px 26px; }
.tools { grid-column: 1 / -1; display: flex; gap: 6px; }
.stage { position: relative; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); overflow: hidden; }
.stage canvas { display: block; width: 100%; height: min(72vh, 700px); touch-action: pan-y; cursor: grab; }
.card { position: absolute; pointer-events: none; background: var(--paper); border: 1px solid var(--rule);
  border-radius: 6px; padding: 8px; font-size: 13px; line-height: 1.35; max-width: 190px; box-shadow: 0 4px 16px #0003; }
.card span { display: block; image-rendering: pixelated; background-repeat: no-repeat; margin-bottom: 5px; }
.card b { display: block; font-weight: 600; } .card small { color: var(--soft); overflow-wrap: anywhere; }
.legend { max-height: min(72vh, 700px); overflow-y: auto; align-content: start; display: grid; gap: 2px; }
.legend button { border: 0; background: none; text-align: left; padding: 6px 8px; display: flex; gap: 8px; align-items: center; font-weight: 400; }
.legend i { width: 10px; height: 10px; border-radius: 50%; flex: none; }
.legend button:hover, .legend button[aria-pressed=true] { background: var(--hair); color: var(--ink); }
.legend small { color: var(--faint); margin-left: auto; padding-left: 8px; }
)css";

constexpr const char* kNarrow = R"css(
@media (max-width: 720px) {
  .sheet { padding: 0 16px 48px; } header { padding: 34px 0 22px; } section { padding-top: 34px; }
  .theme { top: 24px; } nav { gap: 20px; margin: 0 -16px; padding: 0 16px; }
  h2 { font-size: 24px; }
  .groups { columns: 1; } .facts { grid-template-columns: 1fr 1fr; gap: 14px 18px; }
  .feature, .classes, .map { grid-template-columns: minmax(0, 1fr); }
  .legend { display: flex; flex-wrap: wrap; max-height: 150px; }
  .legend small { display: none; }
  .stage canvas { height: 62vh; }
  .scores, .scores tbody { display: block; } .scores thead { display: none; }
  .scores caption { display: block; }
  .scores tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2px 10px; padding: 12px 0;
    border-top: 1px solid var(--hair); }
  .scores th, .scores td { border: 0; padding: 0; } .scores th[scope], .scores .wide { grid-column: 1 / -1; width: auto; }
  .scores th[scope] { font-weight: 600; }
  .scores .num { text-align: left; font-size: 15px; }
  .scores .num::before { content: attr(data-name); display: block; font-size: 12px; font-weight: 400;
    color: var(--c); white-space: normal; line-height: 1.3; }
  .plain th[scope] { min-width: 8.2em; } .num { padding-left: 14px; } .plain { font-size: 14px; }
  .strip { grid-template-columns: 64px minmax(0, 1fr); gap: 12px; }
  .strip > figure img { width: 64px; height: 64px; }
  .strip img, .strip > div figure { width: 56px; } .strip img { height: 56px; } .strip > div figure img { height: 59px; }
}
@media print {
  :root { --paper: #fff; } body { font-size: 11pt; } .sheet { max-width: none; padding: 0; } header { padding-top: 0; }
  nav, .theme, .tools { display: none; } section { padding-top: 20px; }
  figure, tr, .strip, li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .charts { grid-template-columns: 1fr 1fr; } .scroll, .legend, .confusion .scroll { overflow: visible; max-height: none; }
  .stage canvas { height: 420px; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
)css";

}  // namespace

std::string page_style() {
  // The same colours twice: by the system's wish, unless the reader chose otherwise. Paper is
  // light.
  return std::string(":root {") + kLightColours +
         "}\n@media screen and (prefers-color-scheme: dark) { :root:not([data-theme=light]) {" +
         kDarkColours + "} }\n@media screen { :root[data-theme=dark] {" + kDarkColours + "} }\n" +
         kText + kTables + kFigures + kNarrow;
}

}  // namespace likewise::report
