// How much goes over the line, and how long a message takes: two plots with one sample each second.

import { bytes } from "../common/dom.js";
import { Plot } from "../common/plot.js";

export class Meters {
  #bytes = { in: 0, out: 0 };
  #ms = null;
  #traffic;
  #latency;
  /** Asked each second for the latency to peers; null where there is none. */
  peerLatency = () => null;

  constructor(element) {
    const traffic = [{ name: "in", colour: 2 }, { name: "out", colour: 1 }];
    const latency = [{ name: "server", colour: 1 }, { name: "peers", colour: 2 }];
    this.#traffic = new Plot({ title: "Traffic each second", series: traffic, format: bytes });
    this.#latency = new Plot({ title: "Latency", series: latency, unit: " ms" });
    element.append(this.#traffic.element, this.#latency.element);
    setInterval(() => this.#sample(), 1000);
  }

  count({ way, bytes: size }) {
    this.#bytes[way === "sent" || way === "peer out" ? "out" : "in"] += size;
  }

  latency(ms) {
    this.#ms = ms;
  }

  #sample() {
    this.#traffic.push([this.#bytes.in, this.#bytes.out]);
    this.#latency.push([this.#ms, this.peerLatency()]);
    this.#bytes = { in: 0, out: 0 };
  }
}
