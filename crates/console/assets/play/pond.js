// The pond: a fish for each player. One's own follows the pointer or the arrow keys, the others what their owners say.

import { hueOf } from "../common/dom.js";

/** Places are whole numbers from 0 to this, in both directions. */
const SIDE = 1000;
/** What the arrow keys do in a second. */
const STROKE = 520;
const NUDGE = 20;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Event: `steer`, when one's own fish has another place. */
export class Pond extends EventTarget {
  #canvas;
  #fish = new Map();
  #me = null;
  #held = new Set();
  #last = 0;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && this.#drag(event));
    canvas.addEventListener("lostpointercapture", () => canvas.classList.remove("held"));
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    canvas.addEventListener("blur", () => this.#held.clear());
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** Shows these players; `me` is null for who only watches. */
  show(players, me) {
    this.#me = me;
    for (const id of this.#fish.keys()) if (!players.has(id)) this.#fish.delete(id);
    for (const { id, name } of players.values()) if (!this.#fish.has(id)) this.#fish.set(id, newFish(id, name));
    this.#canvas.classList.toggle("watched", me === null);
  }

  /** Takes what somebody says of its fish. Of two ways to here the slower one may bring what is old. */
  place(id, said) {
    const fish = this.#fish.get(id);
    if (!fish || ![said?.x, said?.y, said?.n].every(Number.isFinite) || said.n <= fish.n) return;
    Object.assign(fish, { x: within(said.x), y: within(said.y), n: said.n });
  }

  /** Where a fish is, as its owner says it to the others. */
  placeOf(id) {
    const fish = this.#fish.get(id);
    return fish && { x: Math.round(fish.x), y: Math.round(fish.y), n: fish.n };
  }

  #grab(event) {
    if (this.#me === null) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.classList.add("held");
    this.#drag(event);
  }

  #drag({ offsetX, offsetY }) {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#steer((offsetX / clientWidth) * SIDE, (offsetY / clientHeight) * SIDE);
  }

  #press(event) {
    if (!ARROWS[event.key] || this.#me === null) return;
    event.preventDefault();
    this.#held.add(event.key);
    // Also a key that is up again before the next frame moves it.
    const [x, y] = ARROWS[event.key];
    const mine = this.#fish.get(this.#me);
    if (!event.repeat && mine) this.#steer(mine.x + x * NUDGE, mine.y + y * NUDGE);
  }

  #steer(x, y) {
    const fish = this.#fish.get(this.#me);
    if (!fish) return;
    Object.assign(fish, { x: within(x), y: within(y), n: fish.n + 1 });
    this.dispatchEvent(new Event("steer"));
  }

  #frame(now) {
    const seconds = Math.min(0.1, (now - this.#last) / 1000);
    this.#last = now;
    const mine = this.#fish.get(this.#me);
    if (mine && this.#held.size > 0) {
      const [x, y] = [...this.#held].reduce(([x, y], key) => [x + ARROWS[key][0], y + ARROWS[key][1]], [0, 0]);
      this.#steer(mine.x + x * STROKE * seconds, mine.y + y * STROKE * seconds);
    }
    if (this.#canvas.clientWidth > 0) this.#draw(now / 1000, seconds);
    requestAnimationFrame((next) => this.#frame(next));
  }

  #draw(time, seconds) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) Object.assign(this.#canvas, { width: wide, height: high });
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(name);
    const water = context.createLinearGradient(0, 0, 0, height);
    water.addColorStop(0, colour("--water"));
    water.addColorStop(1, colour("--water-deep"));
    context.fillStyle = water;
    context.fillRect(0, 0, width, height);
    const size = Math.max(20, Math.min(34, width / 20));
    context.font = `600 13px ${style.fontFamily}`;
    context.textAlign = "center";
    for (const [id, fish] of this.#fish) {
      this.#swim(fish, seconds);
      const [x, y] = [(fish.atX / SIDE) * width, (fish.atY / SIDE) * height];
      const wag = this.#still.matches ? 0 : Math.sin(time * 6 + fish.hue) * 0.25;
      drawFish(context, { x, y, size, wag, facing: fish.facing, hue: fish.hue });
      context.fillStyle = colour("--ink");
      const name = id === this.#me ? `${fish.name} (you)` : fish.name;
      const half = context.measureText(name).width / 2 + 4;
      const above = y - size * 0.9;
      context.fillText(name, Math.min(width - half, Math.max(half, x)), above > 14 ? above : y + size * 1.2);
    }
  }

  /** What is drawn glides to where the fish is said to be. */
  #swim(fish, seconds) {
    const part = this.#still.matches ? 1 : 1 - Math.exp(-seconds * 12);
    const [x, y] = [fish.x - fish.atX, fish.y - fish.atY];
    if (Math.abs(x) > 2) fish.facing = Math.sign(x);
    fish.atX += x * part;
    fish.atY += y * part;
  }
}

/** A new fish is somewhere that follows from its id: the same place in all tabs, before anybody has said a word. */
function newFish(id, name) {
  const hue = hueOf(id);
  const [x, y] = [150 + ((hue * 7919) % 700), 200 + ((hue * 104_729) % 600)];
  return { name, hue, x, y, atX: x, atY: y, n: 0, facing: x < SIDE / 2 ? 1 : -1 };
}

function within(value) {
  return Math.min(SIDE, Math.max(0, value));
}

function drawFish(context, { x, y, size, wag, facing, hue }) {
  context.save();
  context.translate(x, y);
  context.scale(facing, 1);
  context.fillStyle = `hsl(${hue} 65% 42%)`;
  context.beginPath();
  context.moveTo(-size * 0.6, 0);
  context.lineTo(-size * 1.25, size * (wag - 0.5));
  context.quadraticCurveTo(-size, size * wag, -size * 1.25, size * (wag + 0.5));
  context.fill();
  context.fillStyle = `hsl(${hue} 70% 55%)`;
  context.beginPath();
  context.ellipse(0, 0, size * 0.85, size * 0.5, 0, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = "#fff";
  context.beginPath();
  context.arc(size * 0.45, -size * 0.12, size * 0.13, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = "#111";
  context.beginPath();
  context.arc(size * 0.49, -size * 0.12, size * 0.065, 0, Math.PI * 2);
  context.fill();
  context.restore();
}
