// Draws a run as SVG: a row for each coroutine, time to the right, stripes where it waits.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 40; // pixels from one row to the next
const LABEL = 15; // of them, above the bar
const BAR = 17;
const TOP = 24; // the axis
const SIDE = 6;
const LETTER = 6.1; // width of a letter in a bar, a little too much

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A round number of seconds between two lines of the axis.
function step(span, room) {
  const least = span / Math.max(2, Math.floor(room / 90));
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((size) => size >= least);
}

export function milliseconds(seconds) {
  const value = seconds * 1000;
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

// Returns an <svg> of `run` as it stands `now` seconds after its start, `width` pixels wide.
export function draw(run, now, width) {
  const live = run.end === null;
  const span = live ? Math.max(now * 1.12, 0.02) : Math.max(run.end, 0.001) * 1.02;
  const room = width - 2 * SIDE;
  const x = (time) => SIDE + (Math.min(time, span) / span) * room;
  const height = TOP + (run.lanes.length + 1) * ROW;
  const svg = make("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": summary(run, now),
  });
  axis(svg, span, room, x, height);
  const y = new Map(run.lanes.map((lane, row) => [lane, TOP + row * ROW + LABEL]));
  const links = svg.appendChild(make("g", { class: "links" }));
  for (const lane of run.lanes) {
    const top = y.get(lane);
    label(svg, lane, x(lane.members[0].start), top, width);
    for (const coroutine of lane.members) {
      if (lane.above) link(links, run, coroutine, y.get(lane.above), top, x);
      bar(svg, run, coroutine, now, top, x);
    }
  }
  outputs(svg, run, TOP + run.lanes.length * ROW + LABEL, x);
  if (live) {
    svg.append(make("line", { class: "now", x1: x(now), x2: x(now), y1: TOP - 6, y2: height - 4 }));
  }
  return svg;
}

export function summary(run, now) {
  const count = run.coroutines.size;
  const time = milliseconds(run.end ?? now);
  const parts = [`Timeline: ${count} ${count === 1 ? "coroutine" : "coroutines"}, ${time} milliseconds.`];
  for (const coroutine of run.coroutines.values()) {
    const end = coroutine.end === null ? "still waiting" : `to ${milliseconds(coroutine.end)}`;
    parts.push(
      `${coroutine.name} from ${milliseconds(coroutine.start)} ${end}${coroutine.failed ? ", failed" : ""}.`,
    );
  }
  return parts.join(" ");
}

function axis(svg, span, room, x, height) {
  const every = step(span, room);
  const group = svg.appendChild(make("g", { class: "axis" }));
  for (let time = 0; time <= span; time += every) {
    const at = Math.round(x(time)) + 0.5;
    group.append(make("line", { x1: at, x2: at, y1: TOP - 8, y2: height - 4 }));
    const near = x(time) > room - 30;
    const unit = time === 0 ? " ms" : "";
    group.append(
      make("text", { x: at + (near ? -3 : 3), y: 11, "text-anchor": near ? "end" : "start" },
        `${+(time * 1000).toPrecision(6)}${unit}`),
    );
  }
}

function label(svg, lane, from, top, width) {
  const count = lane.members.length;
  const words = count > 1 ? `${lane.name} × ${count}` : lane.name;
  const late = from > width - words.length * 7.2;
  svg.append(
    make("text", {
      class: "name",
      x: late ? width - SIDE : from,
      y: top - 4,
      "text-anchor": late ? "end" : "start",
    }, words),
  );
}

// From the row above at the start, and back up to it where the end lets that one go on.
function link(group, run, coroutine, above, top, x) {
  const start = Math.round(x(coroutine.start)) + 0.5;
  group.append(make("line", { x1: start, x2: start, y1: above + BAR, y2: top }));
  const parent = run.coroutines.get(coroutine.parent);
  const awaited = parent?.waits.some(
    (wait) => wait.start <= coroutine.end && (wait.end === null || wait.end >= coroutine.end) &&
      wait.on.includes(coroutine.id),
  );
  if (coroutine.end === null || !awaited) return;
  const end = Math.round(x(coroutine.end)) - 0.5;
  group.append(
    make("line", { class: "back", x1: end, x2: end, y1: above + BAR, y2: top }),
    make("path", { class: "arrow", d: `M${end - 3} ${above + BAR + 5}l3 -5l3 5` }),
  );
}

function bar(svg, run, coroutine, now, top, x) {
  const end = coroutine.end ?? Math.max(now, coroutine.start);
  const left = x(coroutine.start);
  const group = make("g", { class: coroutine.failed ? "coroutine failed" : "coroutine" });
  const life = make("rect", {
    class: "life",
    x: left,
    y: top,
    width: Math.max(x(end) - left, 2),
    height: BAR,
    rx: 3,
    "data-id": coroutine.id,
    "data-name": coroutine.name,
    "data-start": coroutine.start,
    "data-end": coroutine.end ?? "",
  });
  const outcome = coroutine.failed ? `, failed: ${coroutine.failed}` : "";
  const length = milliseconds(end - coroutine.start);
  life.append(make("title", {}, `${coroutine.name}: ${length} ms${outcome}`));
  group.append(life);
  for (const wait of coroutine.waits) waiting(group, run, wait, now, top, x);
  if (coroutine.failed) {
    const at = x(end);
    group.append(
      make("circle", { class: "cross-ground", cx: at, cy: top + BAR / 2, r: 7 }),
      make("path", { class: "cross", d: `M${at - 3} ${top + BAR / 2 - 3}l6 6m0 -6l-6 6` }),
    );
  }
  svg.append(group);
}

function waiting(group, run, wait, now, top, x) {
  const left = x(wait.start) + 2;
  const width = x(wait.end ?? now) - left - 1;
  if (width < 1) return;
  const what = run.describe(wait);
  const rect = make("rect", {
    class: wait.end === null ? "wait open" : "wait",
    x: left,
    y: top + 2,
    width,
    height: BAR - 4,
    rx: 2,
    "data-start": wait.start,
    "data-end": wait.end ?? "",
    "data-what": what,
  });
  const length = milliseconds((wait.end ?? now) - wait.start);
  rect.append(make("title", {}, `waits ${length} ms for ${what}${wait.line ? `, line ${wait.line}` : ""}`));
  group.append(rect);
  const letters = Math.floor((width - 8) / LETTER);
  if (letters < 6) return;
  const words = what.length > letters ? `${what.slice(0, letters - 1)}…` : what;
  const size = words.length * LETTER + 6;
  group.append(
    make("rect", { class: "what-ground", x: left + 2, y: top + 3, width: size, height: BAR - 6, rx: 2 }),
    make("text", { class: "what", x: left + 5, y: top + BAR - 5 }, words),
  );
}

function outputs(svg, run, top, x) {
  svg.append(make("text", { class: "name quiet", x: SIDE, y: top - 4 }, "output"));
  svg.append(make("line", { class: "ground", x1: SIDE, x2: x(Infinity), y1: top + 7.5, y2: top + 7.5 }));
  for (const output of run.outputs) {
    const dot = make("circle", { class: "said", cx: x(output.time), cy: top + 7.5, r: 4, "data-time": output.time });
    dot.append(make("title", {}, `${milliseconds(output.time)} ms: ${output.text.trim()}`));
    svg.append(dot);
  }
  if (run.error) {
    const at = Math.min(x(run.error.time), x(Infinity) - 8);
    svg.append(
      make("circle", { class: "cross-ground", cx: at, cy: top + 7.5, r: 7 }),
      make("path", { class: "cross", d: `M${at - 3} ${top + 4.5}l6 6m0 -6l-6 6` }),
    );
  }
}
