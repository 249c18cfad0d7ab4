// The log: every frame that goes out or comes in, what it means, and what is in it.

import { bytes, h, write } from "../common/dom.js";
import { meaning } from "./meanings.js";

const ROWS_MAX = 300;
/** What comes many times each second stands in one row while nothing else happens. */
const CHATTER = new Set(["GameData", "Ping", "Pong", "data channel"]);
const NEAR = 6;

export class Log {
  #list;
  #rows = [];
  #isChatterShown = true;

  constructor(list) {
    this.#list = list;
  }

  /** Adds a frame, with the room as it was known at that moment. */
  add({ way, type, data, bytes: size }, room) {
    const isChatter = CHATTER.has(type);
    const key = `${way} ${type} ${data?.from_player ?? ""}`;
    const known = isChatter && this.#rows.slice(0, NEAR).find((row) => row.key === key);
    const row = known || this.#make({ key, way, type, isChatter });
    row.count += 1;
    row.size += size;
    row.data = data;
    write(row.at, new Date().toLocaleTimeString(undefined, { hour12: false }));
    write(row.kind, row.count > 1 ? `${type} ×${row.count}` : type);
    write(row.meaning, meaning(way, type, data, room));
    write(row.sizes, bytes(row.size));
    if (row.details.open) row.tell();
  }

  /** Shows or hides game data and pings. */
  showChatter(isShown) {
    this.#isChatterShown = isShown;
    for (const row of this.#rows) if (row.isChatter) row.element.hidden = !isShown;
  }

  clear() {
    this.#rows = [];
    this.#list.replaceChildren();
  }

  #make({ key, way, type, isChatter }) {
    const [at, kind, told, sizes] = ["at", "kind", "meaning", "size"].map((name) => h("span", { class: name }));
    const body = h("pre");
    const summary = h("summary", {}, at, h("span", { class: "way" }, WAYS[way]), kind, told, sizes);
    const details = h("details", {}, summary, body);
    const isIn = way === "received" || way === "peer in";
    const element = h("li", { class: isIn ? "in" : "out", "data-type": type }, details);
    element.hidden = isChatter && !this.#isChatterShown;
    const row = { key, isChatter, element, details, at, kind, meaning: told, sizes, count: 0, size: 0, data: null };
    row.tell = () => write(body, row.data === undefined ? "no data" : JSON.stringify(row.data, null, 2));
    details.addEventListener("toggle", () => details.open && row.tell());
    this.#rows.unshift(row);
    this.#list.prepend(element);
    if (this.#rows.length > ROWS_MAX) this.#rows.pop().element.remove();
    return row;
  }
}

const WAYS = { sent: "→ sent", received: "← came", "peer out": "⇢ peer", "peer in": "⇠ peer" };
