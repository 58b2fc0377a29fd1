// What one run's events add up to: coroutines, their waits, output. No drawing here.

// "get", not "Fetch.get": the source beside the picture says whose it is.
const shortName = (name) => name.split(".").at(-1);

export class Run {
  constructor() {
    this.coroutines = new Map(); // id: {id, parent, name, file, line, start, end, failed, waits}
    this.lanes = []; // rows of the picture, from the top
    this.outputs = []; // {time, text}
    this.events = []; // all of them, as they came
    this.error = null; // {type, message, traceback, time}
    this.end = null; // seconds; null while the run goes on
    this.last = 0; // time of the newest event
  }

  take(event) {
    this.events.push(event);
    this.last = Math.max(this.last, event.time);
    const coroutine = this.coroutines.get(event.id);
    switch (event.kind) {
      case "started":
        this.#start(event);
        break;
      case "waits":
        coroutine?.waits.push({
          start: event.time,
          end: null,
          what: event.what ?? "",
          on: event.on ?? [],
          file: event.file,
          line: event.line,
        });
        break;
      case "resumed":
        this.#resume(coroutine, event.time);
        break;
      case "ended":
      case "failed":
        this.#resume(coroutine, event.time);
        if (coroutine) {
          coroutine.end = event.time;
          coroutine.failed = event.kind === "failed" ? (event.what ?? "an exception") : null;
        }
        break;
      case "output":
        this.outputs.push(event);
        break;
      case "error":
        this.error = event;
        break;
      case "done":
        this.end = event.time;
        break;
    }
  }

  // What a coroutine waits for, in words.
  describe(wait) {
    const names = new Map();
    for (const id of wait.on) {
      const name = this.coroutines.get(id)?.name ?? `coroutine ${id}`;
      names.set(name, (names.get(name) ?? 0) + 1);
    }
    if (names.size === 0) return wait.what;
    const own = [...names].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name));
    return own.join(", ");
  }

  // Lines of a file at which coroutines wait just now.
  waitingLines(file) {
    const lines = new Set();
    for (const coroutine of this.coroutines.values()) {
      const wait = coroutine.waits.at(-1);
      if (wait && wait.end === null && wait.file === file) lines.add(wait.line);
    }
    return lines;
  }

  #resume(coroutine, time) {
    const wait = coroutine?.waits.at(-1);
    if (wait && wait.end === null) wait.end = time;
  }

  #start(event) {
    const coroutine = {
      id: event.id,
      parent: event.parent ?? null,
      name: shortName(event.name),
      file: event.file,
      line: event.line,
      start: event.time,
      end: null,
      failed: null,
      waits: [],
      lane: null,
    };
    this.coroutines.set(event.id, coroutine);
    const above = this.coroutines.get(coroutine.parent)?.lane ?? null;
    // One after the other under the same name shares a row: what overlaps then stands below.
    let lane = this.lanes.find(
      (one) =>
        one.above === above &&
        one.name === coroutine.name &&
        one.members.every((member) => member.end !== null && member.end <= coroutine.start),
    );
    if (!lane) {
      lane = { above, name: coroutine.name, depth: above ? above.depth + 1 : 0, members: [] };
      let at = above ? this.lanes.indexOf(above) + 1 : this.lanes.length;
      while (at < this.lanes.length && above && this.lanes[at].depth > above.depth) at += 1;
      this.lanes.splice(at, 0, lane);
    }
    lane.members.push(coroutine);
    coroutine.lane = lane;
  }
}
