// Style of everything here, by Streamlit's own variables, put into the page once (with `css=` it would travel with every tick).

// Colours by Streamlit's variables. An arm's colour is only ever an arm's; what is pressed or chosen has the colour of the text.
// As text an arm's colour is mixed with that of the page, which makes it dark enough on white and light enough on black.
const INK = "var(--st-text-color)", GROUND = "var(--st-background-color)", LINE = "var(--st-border-color)";
const DIM = `color-mix(in srgb, ${INK} 75%, ${GROUND})`;
const SOFT = "var(--st-secondary-background-color)";
const ARM_TEXT = `color-mix(in srgb, var(--arm) 68%, ${INK})`;
const FOCUS = `outline: 2px solid ${INK}; outline-offset: 2px;`;

// Own track and thumb: browsers draw theirs white on a dark theme. `--part` is what lies left of the thumb, `--trained` what is there.
const THUMB = `box-sizing: border-box; width: 1.125rem; height: 1.125rem; border: 3px solid ${GROUND}; border-radius: 50%;
  background: ${INK}; box-shadow: 0 0 0 1px ${INK};`;
const TRACK = `height: .5rem; border-radius: 1rem; background: linear-gradient(to right, ${INK} var(--part, 0%),
  color-mix(in srgb, ${INK} 45%, ${GROUND}) var(--part, 0%) var(--trained, 0%),
  color-mix(in srgb, ${INK} 14%, ${GROUND}) var(--trained, 0%));`;

const STAGE = `
.bn-stage { --bn-gap: .375rem; --bn-strip: 6em; position: relative; box-sizing: border-box; display: grid; gap: var(--bn-gap) 0;
  font-size: calc(14px * var(--bn-scale, 1)); line-height: 1.3; color: ${INK}; background: ${GROUND};
  height: calc(100dvh - var(--bn-top, 48px)); min-height: calc(60px * var(--bn-count, 2) + var(--bn-plots, 200px) + 12.5em + var(--bn-strip));
  padding: .375rem 0 .5rem; word-break: keep-all;
  grid-template-columns: 12.25em minmax(0, 1fr);
  grid-template-areas: "top top" "player player" "numbers network" "sentence sentence" "plots plots" "strip strip";
  grid-template-rows: auto auto minmax(calc(60px * var(--bn-count, 2) + 2.5em), var(--bn-net-share, 2fr)) auto minmax(var(--bn-plots, 200px), 2.3fr) auto; }
.bn-stage *, .bn-dialog * { box-sizing: border-box; }
.bn-stage [hidden] { display: none !important; }
.bn-stage h2, .bn-stage h3, .bn-stage p, .bn-stage dl, .bn-stage dd, .bn-stage dt { margin: 0; padding: 0; font-size: inherit;
  font-weight: inherit; line-height: inherit; letter-spacing: normal; }
.bn-stage button, .bn-stage select, .bn-stage input { font: inherit; color: inherit; margin: 0; }
.bn-stage :focus-visible { ${FOCUS} }
.bn-button, .bn-stage select { display: inline-flex; align-items: center; justify-content: center; gap: .35em; height: 2.5em;
  min-width: 2.5em; padding: 0 .6em; background: ${GROUND}; border: 1px solid ${LINE}; border-radius: .5rem; white-space: nowrap;
  cursor: pointer; }
.bn-button:hover:enabled, .bn-stage select:hover, .bn-chip:hover:enabled { border-color: ${INK}; }
.bn-button:disabled, .bn-chip:disabled { opacity: .55; cursor: default; }
.bn-button svg { flex: none; width: 1.35em; height: 1.35em; fill: currentColor; fill-rule: evenodd; }
.bn-worded span { max-width: 11.5em; overflow: hidden; text-overflow: ellipsis; }
.bn-small { height: 2em; min-width: 2em; padding: 0 .4em; }

.bn-top { grid-area: top; display: flex; align-items: center; gap: .75rem; min-width: 0; min-height: 2.15em; }
.bn-chips { display: flex; flex: 1 1 auto; gap: .4rem; min-width: 0; overflow-x: auto; scrollbar-width: none; padding: 3px; margin: -3px; }
.bn-chip { flex: none; height: 2em; padding: 0 .85em; border: 1px solid ${LINE}; border-radius: 1em; background: ${GROUND};
  cursor: pointer; white-space: nowrap; }
.bn-chip[aria-pressed=true] { background: ${INK}; border-color: ${INK}; }
.bn-stage .bn-chip[aria-pressed=true] { color: ${GROUND}; }
.bn-view { display: flex; flex: none; align-items: center; gap: .5rem; margin-left: auto; }
.bn-switch { display: inline-flex; align-items: center; gap: .4em; cursor: pointer; white-space: nowrap; color: ${DIM}; }
.bn-switch input { appearance: none; flex: none; width: 2em; height: 1.15em; border-radius: 1em; cursor: pointer; position: relative;
  background: color-mix(in srgb, ${INK} 14%, ${GROUND}); border: 1px solid color-mix(in srgb, ${INK} 55%, ${GROUND}); }
.bn-switch input::before { content: ""; position: absolute; inset: 1px auto 1px 1px; aspect-ratio: 1; border-radius: 50%; background: ${INK}; }
.bn-switch input:checked { background: ${INK}; }
.bn-switch input:checked::before { inset: 1px 1px 1px auto; background: ${GROUND}; }
.bn-pick { position: relative; }
.bn-pick summary { height: 2em; list-style: none; }
.bn-pick summary::after { content: "▾"; }
.bn-pick summary::-webkit-details-marker { display: none; }
.bn-choices { position: absolute; z-index: 30; right: 0; top: calc(100% + 4px); display: grid; grid-template-columns: repeat(5, auto);
  gap: .25em .75em; padding: .6em .8em; background: ${GROUND}; border: 1px solid ${LINE}; border-radius: .5rem; box-shadow: 0 4px 16px #0003; }
.bn-choices label { display: flex; gap: .3em; align-items: center; cursor: pointer; }
.bn-choices input { accent-color: ${INK}; }
.bn-scheduled { position: relative; }
.bn-scheduled summary { list-style: none; }
.bn-scheduled summary::-webkit-details-marker { display: none; }
.bn-schedule { position: absolute; z-index: 30; right: 0; top: calc(100% + 4px); display: grid; gap: .5em; width: 22em; padding: .8em;
  background: ${GROUND}; border: 1px solid ${LINE}; border-radius: .5rem; box-shadow: 0 4px 16px #0003; }
.bn-schedule .bn-fields { display: grid; gap: .4em; }
.bn-field { display: flex; align-items: center; justify-content: space-between; gap: .75em; }
.bn-stage .bn-field select { width: 10em; min-width: 0; }
.bn-stage .bn-from { font-weight: 600; }
.bn-stage .bn-note { color: ${DIM}; font-size: .9em; white-space: normal; }
.bn-schedule .bn-chip { margin: .25em .25em 0 0; }

.bn-player { grid-area: player; container: bn-player / inline-size; display: flex; align-items: center; gap: .75rem; min-width: 0; }
.bn-go, .bn-more { display: flex; flex: none; gap: .25rem; align-items: center; }
.bn-go .bn-button { padding: 0; }
.bn-stage .bn-play { width: 3.75em; height: 2.75em; background: ${INK}; border-color: ${INK}; color: ${GROUND}; }
.bn-play svg { width: 1.75em; height: 1.75em; }
.bn-play:hover:enabled { opacity: .88; }
.bn-line { flex: 1 1 auto; display: grid; gap: .1rem; min-width: 0; }
.bn-progress { display: flex; align-items: baseline; justify-content: space-between; gap: .75em; min-width: 0; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.bn-shown { flex: none; white-space: pre; }
.bn-status { flex: 1 1 0; text-align: right; color: ${DIM}; font-size: .9em; overflow: hidden; text-overflow: ellipsis; }
.bn-stage .bn-epoch { width: calc(1ch * var(--letters, 4) + .9em); height: 1.55em; padding: 0 .25em; text-align: right; font-weight: 600;
  background: ${GROUND}; border: 1px solid ${LINE}; border-radius: .3rem; appearance: textfield; font-variant-numeric: tabular-nums; }
.bn-epoch::-webkit-inner-spin-button, .bn-epoch::-webkit-outer-spin-button { appearance: none; margin: 0; }
.bn-stage .bn-timeline { width: 100%; height: 1.25rem; appearance: none; background: none; cursor: pointer; }
.bn-timeline::-webkit-slider-runnable-track { ${TRACK} }
.bn-timeline::-moz-range-track { ${TRACK} }
.bn-timeline::-webkit-slider-thumb { appearance: none; margin-top: -.3125rem; ${THUMB} }
.bn-timeline::-moz-range-thumb { ${THUMB} }
.bn-stage select { padding: 0 .35em; }
.bn-speed { width: 9.5em; text-overflow: ellipsis; }

@container bn-player (max-width: 61rem) {
  .bn-worded span { display: none; }
  .bn-speed { width: 5em; }
}

.bn-tabs { display: none; }
.bn-numbers { grid-area: numbers; position: relative; display: grid; min-width: 0; min-height: 0; padding: var(--bn-net-top, 20px) 0 var(--bn-net-bottom, 16px); }
.bn-all { position: absolute; top: 0; left: 0; max-width: 100%; height: 1.6em; padding: 0 .2em; border: 0; background: none; font-size: .86em;
  text-decoration: underline; text-underline-offset: .2em; cursor: pointer; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bn-stage .bn-all { color: ${DIM}; }
.bn-arms { display: grid; grid-auto-rows: minmax(0, 1fr); min-height: 0; }
.bn-arm { container-type: size; min-width: 0; min-height: 0; display: grid; align-content: center; padding: 0 .5em 0 .75em; position: relative; }
.bn-arm::before { content: ""; position: absolute; inset: 3px auto 3px 0; width: 4px; border-radius: 2px; background: var(--arm); }
.bn-stage .bn-name { font-weight: 600; line-height: 1.2; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.bn-values { font-variant-numeric: tabular-nums; }
.bn-value { display: flex; align-items: baseline; justify-content: space-between; gap: .5em; min-width: 0; }
.bn-value dt { color: ${DIM}; font-size: .86em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bn-stage .bn-value dd { color: ${ARM_TEXT}; font-weight: 600; white-space: nowrap; }
.bn-stage .bn-value:first-child dd { font-size: 1.5em; line-height: 1.15; }
@container (max-height: 7.4em) { .bn-stage .bn-name { -webkit-line-clamp: 1; font-size: .9em; } }
@container (max-height: 6em) { .bn-stage .bn-value:first-child dd { font-size: 1em; line-height: inherit; } .bn-value { line-height: 1.15; } }
.bn-all-numbers { position: absolute; z-index: 20; left: 0; top: 0; grid-area: network; margin: .5em; max-width: calc(100% - 1em); max-height: calc(100% - 1em);
  overflow: auto; background: ${GROUND}; border: 1px solid ${LINE}; border-radius: .5rem; box-shadow: 0 4px 16px #0003; padding: .4em .8em; }
.bn-stage table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0; }
.bn-stage :is(td, th) { border: 0; border-bottom: 1px solid ${LINE}; padding: .25em .6em; text-align: right; font-weight: 400; }
.bn-stage tbody:last-child tr:last-child > * { border-bottom: 0; }
.bn-stage th[scope=row] { text-align: left; color: ${DIM}; }
.bn-all-numbers thead th { font-weight: 600; color: ${ARM_TEXT}; }

.bn-place { position: relative; min-width: 0; min-height: 0; }
.bn-place[data-place=network] { grid-area: network; }
.bn-holder { position: absolute; inset: 0; }
.bn-plots { grid-area: plots; display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); gap: 1rem; min-height: 0; }
.bn-plots[data-single=true] > .bn-place { grid-column: 1 / -1; }
.bn-tools { position: absolute; z-index: 2; top: 0; right: 0; display: flex; gap: .25rem; font-size: .93em; }
.bn-stage .bn-choice { height: 1.75em; padding: 0 .2em; }
.bn-tool { height: 1.75em; min-width: 1.75em; padding: 0 .2em; list-style: none; }
.bn-tool::-webkit-details-marker { display: none; }
.bn-tool svg { width: 1.1em; height: 1.1em; }
.bn-zoom[aria-pressed=true] { background: ${INK}; }
.bn-stage .bn-zoom[aria-pressed=true] { color: ${GROUND}; }
.bn-save { position: relative; }
.bn-formats { position: absolute; right: 0; top: calc(100% + 2px); display: grid; gap: 2px; padding: 4px; background: ${GROUND}; border: 1px solid ${LINE};
  border-radius: .5rem; box-shadow: 0 4px 16px #0003; }
@media (hover: hover) {
  .bn-zoom { display: none; }
  .bn-save:not([open]) { opacity: 0; }
  .bn-place:is(:hover, :focus-within) .bn-save { opacity: 1; }
}
.bn-edit { padding: 0 .5em; }
.bn-edit[aria-pressed=true] { background: ${INK}; }
.bn-stage .bn-edit[aria-pressed=true] { color: ${GROUND}; }
.bn-edit[data-refused=true] { color: ${DIM}; }
.bn-place[data-drawing=true] .bn-holder { bottom: var(--bn-draw, 5em); }
.bn-place[data-drawing=true] .scatterlayer { visibility: hidden; }
.bn-stage:has(.bn-place[data-drawing=true]) { --bn-plots: calc(230px + 35px * var(--bn-count, 2)); } /* planes that can be pointed at */
.bn-canvases { position: absolute; inset: 0; z-index: 1; pointer-events: none; }
.bn-canvas { position: absolute; overflow: visible; pointer-events: all; touch-action: none; cursor: crosshair; user-select: none; -webkit-user-select: none; }
.bn-canvas circle { stroke: #fff; stroke-width: 1; cursor: grab; }
.bn-canvas[data-many=true] circle { stroke-width: .5; }
.bn-stage .bn-canvas:focus-visible { outline-offset: 0; }
.bn-aim { fill: none; stroke: #000; stroke-width: 2; visibility: hidden; paint-order: stroke; }
.bn-canvases[data-keyboard=true] .bn-canvas:focus .bn-aim { visibility: visible; }
.bn-draw { position: absolute; z-index: 2; bottom: 0; left: 0; right: 0; padding-top: .25em; background: ${GROUND}; font-size: .93em; }
.bn-draw-tools { display: flex; flex-wrap: wrap; gap: .25rem; }
.bn-draw-tools .bn-button { height: 1.9em; min-width: 0; padding: 0 .55em; }
.bn-draw-tools svg { width: 1em; height: 1em; }
.bn-draw-tool[aria-pressed=true] { border-color: ${INK}; box-shadow: inset 0 0 0 1px ${INK}; font-weight: 600; }
.bn-draw-clear { margin-left: auto; }
.bn-dot { width: .75em; height: .75em; border-radius: 50%; box-shadow: 0 0 0 1px #fff; }
.bn-stage .bn-draw-hint { margin-top: .25em; min-height: 2.6em; color: ${DIM}; }
@media (pointer: coarse) { .bn-draw-tools .bn-button { height: 2.75rem; } .bn-tools .bn-edit { min-height: 24px; } }
.bn-layers { position: absolute; inset: 0; z-index: 1; pointer-events: none; }
.bn-layer-button { position: absolute; padding: 0; border: 0; border-radius: .4rem; background: none; cursor: zoom-in; pointer-events: auto; touch-action: pan-y; }
.bn-layer-button.bn-lit { background: color-mix(in srgb, ${INK} 7%, transparent); }
.bn-layer-button:is(:hover, :focus-visible) { box-shadow: inset 0 0 0 1px color-mix(in srgb, ${INK} 45%, transparent); }
.bn-stage .bn-layer-button:focus-visible { outline-offset: -2px; }

.bn-stage .bn-sentence { grid-area: sentence; font-size: 1.15em; font-weight: 500; line-height: 1.35; min-height: 1.35em; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.bn-strip { grid-area: strip; display: grid; gap: .25rem; min-width: 0; }
.bn-strip-head { display: flex; align-items: center; gap: .75rem; min-width: 0; height: 2em; }
.bn-stage .bn-change { flex: 1 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bn-compare { flex: none; }
.bn-stage[data-narrow=true] .bn-strip-head { flex-wrap: wrap; justify-content: end; gap: 0 .75rem; height: auto; }
.bn-stage[data-narrow=true] .bn-change { flex-basis: 100%; }
.bn-stage .bn-cards { display: flex; align-items: start; gap: .4rem; height: calc(4.1em + 10px); margin: -3px -3px -13px; padding: 3px; list-style: none;
  overflow: auto hidden; scrollbar-width: thin; } /* its bar lies in the stage's lower edge: nothing moves when it comes */
.bn-stage .bn-card { position: relative; flex: none; width: 13.5em; height: calc(4.1em - 6px); margin: 0; padding: 0; border: 1px solid ${LINE}; border-radius: .5rem; background: ${GROUND}; }
.bn-card:hover, .bn-card:focus-within { border-color: color-mix(in srgb, ${INK} 45%, ${GROUND}); }
.bn-card.bn-present { border-color: ${INK}; box-shadow: 0 0 0 1px ${INK}; }
.bn-stage .bn-card-go { display: grid; grid-template: 1.5em 1fr / 1fr auto; align-items: center; gap: 0 .4em; width: 100%; height: 100%; padding: .2em .5em;
  border: 0; border-radius: .5rem; background: none; text-align: left; cursor: pointer; }
.bn-present .bn-card-go { cursor: default; }
.bn-card-head { grid-area: 1 / 1 / 2 / 3; display: flex; align-items: center; gap: .35em; min-width: 0; padding-right: 3.6em; }
.bn-what { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: .93em; }
.bn-dash { flex: none; width: 24px; height: 6px; stroke: ${DIM}; stroke-width: 2; fill: none; }
.bn-thumb { grid-area: 2 / 1; width: 100%; height: 1.7em; fill: none; stroke-width: 1.5; overflow: visible; }
.bn-thumb path { vector-effect: non-scaling-stroke; }
.bn-result { grid-area: 2 / 2; display: grid; justify-items: end; line-height: 1.05; font-size: .86em; font-weight: 600; font-variant-numeric: tabular-nums; }
.bn-stage .bn-result span { color: ${ARM_TEXT}; }
.bn-result span:nth-child(n + 3) { display: none; }
.bn-card-tools { position: absolute; top: 1px; right: 1px; display: flex; border-radius: .5rem; background: ${GROUND}; }
.bn-card-tool { width: 24px; height: 24px; padding: 4px; border: 0; border-radius: .4rem; background: none; cursor: pointer; opacity: .7; }
.bn-card-tool:hover:enabled { background: ${SOFT}; opacity: 1; }
.bn-card-tool:disabled { opacity: .25; cursor: default; }
.bn-card-tool svg { display: block; width: 16px; height: 16px; fill: currentColor; }
.bn-card-pin[aria-pressed=true] { background: ${INK}; opacity: 1; }
.bn-stage .bn-card-pin[aria-pressed=true] { color: ${GROUND}; }
@media (hover: none) { .bn-card-head { padding-right: 96px; } }
@media (hover: hover) { .bn-card:not(:hover, :focus-within) :is(.bn-card-left, .bn-card-right) { width: 0; padding: 0; opacity: 0; } }
.bn-stage .bn-failure { position: absolute; z-index: 40; top: 7.5em; left: 50%; translate: -50%; max-width: 90%; padding: .7em 1.2em; background: ${GROUND};
  border: 2px solid ${INK}; border-radius: .5rem; box-shadow: 0 4px 16px #0003; font-weight: 600; }
.bn-leave { display: none; }

.bn-stage[data-embed=true] .bn-top { display: none; }
.bn-stage[data-embed=true] { --bn-strip: 0em; grid-template-areas: "player player" "numbers network" "sentence sentence" "plots plots";
  grid-template-rows: auto minmax(calc(60px * var(--bn-count, 2) + 2.5em), var(--bn-net-share, 2fr)) auto minmax(var(--bn-plots, 200px), 2.3fr); }
.bn-stage[data-hidden~=layers] { grid-template-areas: "top top" "player player" "numbers numbers" "sentence sentence" "plots plots" "strip strip";
  grid-template-rows: auto auto auto auto minmax(var(--bn-plots, 200px), 1fr) auto; }
.bn-stage[data-hidden~=layers] .bn-numbers { padding: 1.9em 0 0; }
.bn-stage[data-hidden~=layers] .bn-arm { max-width: 22em; }
.bn-stage[data-hidden~=layers] .bn-arms { grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); grid-auto-rows: 7em; }
.bn-stage[data-hidden~=numbers] .bn-place[data-place=network] { grid-column: 1 / -1; }
.bn-stage[data-hidden~=curves] { grid-template-rows: auto auto minmax(0, 1fr) auto 0 auto; }

.bn-stage[data-present=true] { position: fixed; inset: 0; z-index: 1000000; width: 100vw; height: 100vh; min-height: 0; padding: 1vh 1.5vw;
  grid-template-columns: 14em minmax(0, 1fr); grid-template-areas: "player player" "numbers network" "sentence sentence" "plots plots";
  grid-template-rows: auto minmax(0, var(--bn-net-share, 2fr)) auto minmax(0, 2.3fr); }
.bn-stage[data-present=true] :is(.bn-strip, .bn-top, .bn-third, .bn-all, .bn-new-seed, .bn-longer) { display: none; }
.bn-stage[data-present=true] .bn-leave { display: inline-flex; }
.bn-stage[data-present=true] .bn-value dd, .bn-stage[data-present=true] .bn-value:first-child dd { font-size: 1.6em; line-height: 1.15; }
.bn-stage[data-present=true] .bn-sentence { font-size: 1.35em; }

.bn-stage[data-narrow=true] { --bn-bottom: calc(7rem + env(safe-area-inset-bottom)); height: calc(100svh - var(--bn-top, 48px));
  min-height: calc(30rem + 3.75em * var(--bn-count, 2)); padding-bottom: calc(var(--bn-bottom) + .25rem); grid-template-columns: minmax(0, 1fr);
  grid-template-areas: "top" "tabs" "picture" "numbers" "sentence" "strip"; grid-template-rows: auto auto minmax(var(--bn-plots, 200px), 1fr) auto auto auto; }
.bn-stage[data-narrow=true][data-embed=true] { grid-template-areas: "tabs" "picture" "numbers" "sentence"; grid-template-rows: auto minmax(var(--bn-plots, 200px), 1fr) auto auto; }
.bn-stage[data-narrow=true] .bn-tabs { grid-area: tabs; display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; padding: 2px; border-radius: .6rem;
  background: ${SOFT}; }
.bn-stage .bn-tab { height: 2.5rem; border: 0; border-radius: .5rem; background: none; color: ${INK}; cursor: pointer; }
.bn-stage .bn-tab[aria-selected=true] { background: ${GROUND}; font-weight: 600; box-shadow: 0 0 0 1px ${LINE}; }
.bn-stage[data-narrow=true] .bn-plots { display: contents; }
.bn-stage[data-narrow=true] .bn-place { display: none; grid-area: picture; }
.bn-stage[data-narrow=true] .bn-place.bn-tabbed { display: block; }
.bn-stage[data-narrow=true] .bn-view > :not(.bn-pick, .bn-switch) { display: none; }
.bn-stage[data-narrow=true] .bn-view[data-picks=false] .bn-switch span { display: none; }
.bn-stage[data-narrow=true] .bn-chip { height: 2.5rem; border-radius: 1.25rem; }
.bn-stage[data-narrow=true] .bn-numbers { padding: 0; gap: .25rem; }
.bn-stage[data-narrow=true] .bn-all { left: auto; right: 0; z-index: 1; }
.bn-stage[data-narrow=true] .bn-numbers[data-more=true] .bn-arm:first-child .bn-name { padding-right: 7em; }
.bn-stage[data-narrow=true] .bn-arms { grid-auto-rows: auto; gap: .35rem; }
.bn-stage[data-narrow=true] .bn-arm { container-type: inline-size; min-height: 3.1em; }
.bn-stage[data-narrow=true] .bn-name { -webkit-line-clamp: 1; }
.bn-stage[data-narrow=true] .bn-values { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0 .75em; align-items: baseline; }
.bn-stage[data-narrow=true] .bn-value:first-child dd { font-size: 1.15em; }
.bn-stage[data-narrow=true] .bn-value { display: grid; justify-content: start; gap: 0; }
.bn-stage[data-narrow=true] .bn-all-numbers { grid-area: picture; }
.bn-stage[data-narrow=true] .bn-sentence { white-space: normal; height: 2.7em; font-size: 1.07em; }
.bn-stage[data-narrow=true] .bn-player { position: fixed; z-index: 100; bottom: 0; left: var(--bn-left, 0); width: var(--bn-width, 100%); height: var(--bn-bottom);
  display: grid; grid-template-columns: 1.3fr 1fr 1fr 1fr 1.6fr 1fr 1fr 1fr; align-content: start; gap: .25rem; padding: .4rem .75rem 0;
  background: ${GROUND}; border-top: 1px solid ${LINE}; }
.bn-stage[data-narrow=true] :is(.bn-go, .bn-more) { display: contents; }
.bn-stage[data-narrow=true] .bn-line { grid-column: 1 / -1; order: -1; }
.bn-stage[data-narrow=true] .bn-progress { font-size: .93em; }
.bn-stage[data-narrow=true] .bn-timeline { height: 1.75rem; }
.bn-stage[data-narrow=true] .bn-player :is(.bn-button, select) { width: auto; min-width: 0; height: 2.75rem; padding: 0 .2em; }
.bn-stage[data-narrow=true] .bn-worded span { display: none; }
.bn-stage[data-narrow=true] .bn-scheduled { position: static; }
.bn-stage[data-narrow=true] .bn-scheduled summary { width: 100%; }
.bn-stage[data-narrow=true] .bn-schedule { left: .5rem; right: .5rem; top: auto; bottom: calc(100% + 4px); width: auto; }
:root[data-bn-narrow=true] [data-testid=stMain] { padding-bottom: 7rem; }

.bn-dialog { margin: auto; max-width: calc(100vw - 1rem); max-height: calc(100dvh - 1rem); padding: 1rem 1.25rem; border: 1px solid ${LINE}; border-radius: .75rem;
  background: ${GROUND}; color: ${INK}; overflow: auto; }
.bn-dialog::backdrop { background: #0008; }
.bn-dialog:focus-visible { outline: none; }
.bn-dialog header { display: flex; align-items: center; gap: .75em; }
.bn-stage .bn-dialog h2 { font-size: 1.3em; font-weight: 600; }
.bn-dialog .bn-close { margin-left: auto; border-color: transparent; }
.bn-key-list { display: grid; grid-template-columns: auto auto; gap: .5em 1.5em; align-items: center; }
.bn-stage .bn-key-list { margin-top: .75em; }
.bn-key-list dt { display: flex; gap: .3em; }
.bn-stage kbd { min-width: 1.8em; padding: .1em .5em; text-align: center; font: inherit; color: inherit; background: ${SOFT}; border: 1px solid ${LINE};
  border-bottom-width: 2px; border-radius: .35rem; }
.bn-large { width: min(72rem, calc(100vw - 1rem)); }
.bn-stage .bn-large h2 { padding-left: .6em; border-left: 5px solid var(--arm); }
.bn-at-epoch { color: ${DIM}; font-variant-numeric: tabular-nums; }
.bn-layer-figure { position: relative; height: min(46dvh, 26rem); margin: .5em 0; }
.bn-layer-numbers { overflow-x: auto; }
.bn-layer-numbers table { width: 100%; }
.bn-dialog footer { display: flex; justify-content: end; margin-top: .75em; }

@media print {
  [data-unfinished] { display: none; }
  .bn-stage { height: auto; min-height: 0; grid-template-rows: auto auto calc(110px * var(--bn-count, 2) + 34px) auto 300px; break-inside: avoid; }
  .bn-stage :is(.bn-strip, .bn-top, .bn-go, .bn-more, .bn-timeline, .bn-status, .bn-all, .bn-tabs, .bn-choice, .bn-edit, .bn-draw, .bn-layers) { display: none !important; }
  .bn-stage[data-narrow=true] .bn-player { position: static; width: auto; height: auto; border: 0; }
}
@media (forced-colors: active) { .bn-play, .bn-chip[aria-pressed=true] { forced-color-adjust: none; } }
`;

const CSS = `${STAGE}
.bn-copy button { min-height: 2.5rem; min-width: 6rem; padding: .25rem .75rem; font: inherit; color: inherit;
  cursor: pointer; background: ${GROUND}; border: 1px solid ${LINE}; border-radius: var(--st-button-radius, .5rem); }
.bn-copy button:hover { border-color: ${INK}; }
.bn-copy :focus-visible, .bn-table:focus-visible { ${FOCUS} border-radius: .25rem; }
.bn-copy { font: inherit; color: ${INK}; position: relative; }
.bn-copy button { display: inline-grid; align-items: center; justify-items: center; }
.bn-copy button span { grid-area: 1 / 1; }
.bn-copy button span:last-child, .bn-copy[data-copied=true] button span:first-child { visibility: hidden; }
.bn-copy[data-copied=true] button span:last-child { visibility: visible; }
.bn-copy pre { margin: 1rem 0 0; padding: 1rem; font: .875rem var(--st-code-font, monospace); white-space: pre-wrap;
  overflow-wrap: anywhere; background: ${SOFT}; border-radius: var(--st-base-radius, .5rem); }
.bn-copy pre[hidden] { display: none; }
.bn-heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bn-panel { width: 100%; overflow: hidden; }
.bn-panel .js-plotly-plot .plotly .modebar-btn:focus-visible { outline: 2px solid ${INK}; outline-offset: -1px; }
.bn-panel .modebar-btn text { fill: var(--st-text-color); fill-opacity: .65; }
.bn-panel .modebar-btn:hover text { fill: ${INK}; fill-opacity: 1; }
.bn-table { width: 100%; overflow-x: auto; color: var(--st-text-color); }
.bn-table table { width: 100%; border-collapse: collapse; word-break: keep-all; font-size: .875rem; font-variant-numeric: tabular-nums; }
.bn-table th, .bn-table td { padding: .375rem; text-align: right; white-space: nowrap; font-weight: 400;
  border-bottom: 1px solid var(--st-border-color-light, var(--st-border-color)); }
.bn-table thead th { font-weight: 600; white-space: normal; vertical-align: bottom; border-bottom-color: var(--st-border-color); }
.bn-table th:first-child { text-align: left; white-space: normal; min-width: 6.5rem; position: sticky; left: 0;
  background: var(--st-background-color) padding-box; } /* the heading of a row stays while its numbers are scrolled */
`;

export function addStyle() {
  if (document.getElementById("bn-live-style")) return;
  const style = document.createElement("style");
  style.id = "bn-live-style";
  style.textContent = CSS;
  document.head.append(style);
}

/** What Streamlit's theme means to Plotly: a template, so that what a figure says itself goes before it. */
export function theme(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const text = read("text-color");
  const line = read("border-color");
  const grid = read("border-color-light") || line;
  const font = { color: text, family: read("font") };
  const axis = {
    gridcolor: grid, linecolor: line, tickcolor: line, zerolinecolor: line, title: { font }, tickfont: font,
    ticklabeloverflow: "allow", // else Plotly measures every label as often as its axis has labels, half of a first painting
  };
  return {
    font,
    title: { font },
    paper_bgcolor: ground(element) ?? read("background-color"),
    plot_bgcolor: CLEAR,
    xaxis: axis,
    yaxis: axis,
    coloraxis: { colorbar: { outlinecolor: line } },
    legend: { bgcolor: CLEAR, bordercolor: line, font },
    annotationdefaults: { font },
    hoverlabel: { bgcolor: read("secondary-background-color"), bordercolor: line, font },
    modebar: { bgcolor: CLEAR, color: line, activecolor: read("primary-color") },
  };
}

const CLEAR = "rgba(0,0,0,0)";

/** The colour that is seen behind the element. A clear figure would look the same, but its picture would be saved with a
 * dark theme's light texts on nothing, and Plotly would take the ground to be white when it picks colours for hover texts. */
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor.startsWith("rgb(")) return backgroundColor;
  }
  return undefined;
}
