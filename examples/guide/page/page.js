// Wires the page: a Run button reads its pattern's event stream and shows it while it comes.

import { Run } from "./record.js";
import { draw, milliseconds } from "./timeline.js";

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

class Pane {
  constructor(article) {
    this.slug = article.dataset.slug;
    this.file = article.dataset.file;
    this.article = article;
    this.button = article.querySelector("button.run");
    this.fail = article.querySelector("input.fail");
    this.status = article.querySelector(".status");
    this.picture = article.querySelector(".picture");
    this.output = article.querySelector(".output");
    this.error = article.querySelector(".error");
    this.table = article.querySelector(".record tbody");
    this.record = article.querySelector(".record");
    this.lines = new Map(
      [...article.querySelectorAll(".line")].map((line) => [Number(line.dataset.line), line]),
    );
    this.run = null;
    this.stop = null; // an AbortController while a run goes on
    this.button.addEventListener("click", () => (this.stop ? this.stop.abort() : this.start()));
    new ResizeObserver(() => this.redraw()).observe(this.picture);
  }

  async start() {
    this.run = new Run();
    this.came = performance.now();
    this.stop = new AbortController();
    this.output.textContent = "";
    this.error.hidden = true;
    this.table.replaceChildren();
    this.record.hidden = false;
    this.button.textContent = "Stop";
    this.setState("running", "Running …");
    this.animate();
    try {
      await this.read(await this.ask());
      this.finish();
    } catch (error) {
      if (this.stop.signal.aborted) this.give("stopped", "Stopped.");
      else this.give("failed", "The connection to the demo broke.", error);
    }
    this.stop = null;
    this.button.textContent = "Run again";
    this.mark(new Set());
    this.redraw();
  }

  async ask() {
    const query = this.fail.checked ? "?fail=1" : "";
    const response = await fetch(`/run/${this.slug}${query}`, {
      method: "POST",
      signal: this.stop.signal,
    });
    if (!response.ok) throw new Error(`the demo answered ${response.status} ${response.statusText}`);
    return response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  async read(reader) {
    let held = ""; // a line that is not all there yet
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (held + value).split("\n");
      held = lines.pop();
      for (const line of lines) this.take(JSON.parse(line));
      if (calm.matches) this.redraw();
    }
  }

  take(event) {
    this.run.take(event);
    this.came = performance.now();
    if (event.kind === "output") {
      this.output.append(event.text);
      this.output.parentElement.scrollTop = this.output.parentElement.scrollHeight;
    } else if (event.kind === "error") {
      this.show(`${event.type}: ${event.message}`, event.traceback.join(""));
    }
    if (event.kind !== "output" && event.kind !== "error" && event.kind !== "done") this.row(event);
    this.mark(this.run.waitingLines(this.file));
  }

  finish() {
    const { run } = this;
    if (run.end === null) {
      this.give("failed", "The run broke off before its end.");
      return;
    }
    const count = run.coroutines.size;
    const told = `${milliseconds(run.end)} ms, ${count} ${count === 1 ? "coroutine" : "coroutines"}`;
    if (run.error) this.setState("failed", `Failed after ${told}.`);
    else this.setState("done", `Done in ${told}.`);
  }

  // The stream ended before its run did.
  give(state, words, error) {
    this.run.end = this.now();
    this.setState(state, words);
    if (error) this.show(words, String(error));
  }

  show(message, traceback) {
    this.error.hidden = false;
    this.error.querySelector(".message").textContent = message;
    this.error.querySelector("pre").textContent = traceback;
  }

  setState(state, words) {
    this.article.dataset.state = state;
    this.status.textContent = words;
  }

  row(event) {
    const name = this.run.coroutines.get(event.id)?.name ?? "";
    const cells = [
      milliseconds(event.time),
      `${event.id} ${name}`,
      event.kind,
      event.line ? `${event.file}:${event.line}` : "",
      event.what ?? "",
    ];
    const row = document.createElement("tr");
    row.className = event.kind;
    for (const text of cells) row.insertCell().textContent = text;
    this.table.append(row);
  }

  // Shows in the source where the coroutines wait.
  mark(waiting) {
    for (const [number, line] of this.lines) line.classList.toggle("waiting", waiting.has(number));
  }

  now() {
    return this.run.last + (performance.now() - this.came) / 1000;
  }

  animate() {
    if (!this.stop) return;
    this.redraw();
    if (!calm.matches) requestAnimationFrame(() => this.animate());
  }

  redraw() {
    if (!this.run) return;
    const width = Math.floor(this.picture.clientWidth);
    if (width > 0) this.picture.replaceChildren(draw(this.run, this.run.end ?? this.now(), width));
  }
}

for (const article of document.querySelectorAll(".pattern")) new Pane(article);
