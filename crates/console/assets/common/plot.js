// A plot of a few series over time on a canvas, with a read-out under the pointer and the arrow keys.

import { h, write } from "./dom.js";

const INSET = { left: 44, right: 10, top: 10, bottom: 22 };

export class Plot {
  #canvas;
  #legend;
  #when;
  #samples = [];
  #at = null;
  #options;

  /** `series` are `{name, colour}`, a colour being one to six; `unit` follows values; `seconds` lie between samples. */
  constructor(options) {
    this.#options = { n_max: 90, seconds: 1, unit: "", format: rounded, ...options };
    const { title, series } = this.#options;
    this.#canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": title });
    this.#legend = series.map(() => h("output", {}, "–"));
    this.#when = h("span", { class: "when" }, "now");
    const entries = series.map(({ name, colour }, i) =>
      h("span", { class: `entry series-${colour}` }, h("i", { "aria-hidden": "true" }), `${name} `, this.#legend[i]));
    this.element = h("figure", { class: "plot" },
      h("figcaption", {}, h("strong", {}, title), this.#when, h("span", { class: "legend" }, ...entries)),
      this.#canvas);
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    this.#canvas.addEventListener("pointerleave", () => this.#read(null));
    this.#canvas.addEventListener("blur", () => this.#read(null));
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("theme", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
  }

  /** Adds one sample: a number for each series, or null where there is none. */
  push(values) {
    this.#samples.push(values);
    if (this.#samples.length > this.#options.n_max) this.#samples.shift();
    this.draw();
  }

  draw() {
    const { width, height } = this.#fit();
    if (width === 0) return;
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(name);
    const top = niceAbove(Math.max(1, ...this.#samples.flat().filter((value) => value != null)));
    const y = (value) => height - INSET.bottom - (value / top) * (height - INSET.bottom - INSET.top);
    context.clearRect(0, 0, width, height);
    context.font = `11px ${style.fontFamily}`;
    this.#grid(context, { width, height, top, y, line: colour("--line"), ink: colour("--muted") });
    this.#options.series.forEach((series, index) => {
      context.strokeStyle = colour(`--series-${series.colour}`);
      this.#curve(context, index, (at) => this.#x(at, width), y);
    });
    if (this.#at != null) {
      context.strokeStyle = colour("--ink");
      context.lineWidth = 1;
      line(context, this.#x(this.#at, width), INSET.top, this.#x(this.#at, width), height - INSET.bottom);
    }
    this.#tell();
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
      this.#canvas.width = Math.round(width * scale);
      this.#canvas.height = Math.round(height * scale);
    }
    this.#canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    return { width, height };
  }

  #grid(context, { width, height, top, y, line: colour, ink }) {
    const { format, n_max, seconds } = this.#options;
    context.lineWidth = 1;
    context.strokeStyle = colour;
    context.fillStyle = ink;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const part of [0, 0.5, 1]) {
      const at = Math.round(y(top * part)) + 0.5;
      line(context, INSET.left, at, width - INSET.right, at);
      context.fillText(format(top * part), INSET.left - 6, at);
    }
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText(`${ago(n_max * seconds)} ago`, INSET.left, height - 5);
    context.textAlign = "right";
    context.fillText("now", width - INSET.right, height - 5);
  }

  #curve(context, index, x, y) {
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    let isPenDown = false;
    this.#samples.forEach((values, at) => {
      const value = values[index];
      if (value == null) isPenDown = false;
      else if (isPenDown) context.lineTo(x(at), y(value));
      else context.moveTo(x(at), y(value));
      isPenDown = value != null;
    });
    context.stroke();
  }

  /** The newest sample is at the right end, however many there are. */
  #x(at, width) {
    const step = (width - INSET.left - INSET.right) / (this.#options.n_max - 1);
    return width - INSET.right - (this.#samples.length - 1 - at) * step;
  }

  #tell() {
    const { series, format, unit, title, seconds } = this.#options;
    const at = this.#at ?? this.#samples.length - 1;
    const values = this.#samples[at] ?? [];
    const texts = series.map((_, i) => (values[i] == null ? "–" : `${format(values[i])}${unit}`));
    texts.forEach((text, i) => write(this.#legend[i], text));
    const age = (this.#samples.length - 1 - at) * seconds;
    const when = age > 0 ? `${ago(age)} ago` : "now";
    write(this.#when, when);
    const told = series.map(({ name }, i) => `${name} ${texts[i]}`).join(", ");
    this.#canvas.setAttribute("aria-label", `${title}, ${when}: ${told}`);
  }

  #point(offset) {
    const width = this.#canvas.clientWidth;
    const step = (width - INSET.left - INSET.right) / (this.#options.n_max - 1);
    this.#read(this.#samples.length - 1 - Math.round((width - INSET.right - offset) / step));
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#read((this.#at ?? this.#samples.length - 1) + step);
  }

  #read(at) {
    const last = this.#samples.length - 1;
    this.#at = at == null || last < 0 ? null : Math.min(last, Math.max(0, at));
    this.draw();
  }
}

/** The least of 1, 2, 5, 10, 20… that is not below the value. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((step) => step * power >= value);
}

function rounded(value) {
  if (value >= 10_000) return `${Math.round(value / 1000)}k`;
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

function ago(seconds) {
  return seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
