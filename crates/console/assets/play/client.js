// One connection to the server, in protocol 3 and JSON. Every frame, either way, is an event.

import { uuid } from "../common/dom.js";

const PING_MS = 2000;

/**
 * Events: `frame` ({way: "sent" | "received", type, data, bytes}), `stage` and `latency` ({ms}).
 * Stages: `closed`, `connecting`, `open`.
 */
export class Client extends EventTarget {
  #socket = null;
  #pings = [];
  #pinging = 0;
  stage = "closed";
  ending = null;

  /** Connects and shakes hands; resolves when the server has said what was negotiated. */
  connect({ appId, connectToken }) {
    if (this.stage === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v3/ws`);
      this.#socket = socket;
      this.#enter("connecting");
      socket.onopen = () => this.send("Authenticate", {
        app_id: appId,
        protocol_version: 3,
        supported_transports: ["relay", "webrtc"],
        supported_topologies: ["relay", "host", "mesh"],
        requested_capabilities: ["room_operation_ids", "game_data_replay"],
        ...(connectToken && { connect_token: connectToken }),
      });
      socket.onmessage = ({ data: text }) => {
        const { type, data } = JSON.parse(text);
        if (type === "ProtocolInfo") {
          this.#enter("open");
          this.#pinging = setInterval(() => this.#ping(), PING_MS);
          this.#ping();
          resolve();
        }
        if (type === "Pong") this.#ponged();
        this.#tell("received", type, data, text);
        if (type === "AuthenticationError") reject(new Error(`${data.error} (${data.error_code})`));
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        if (this.#socket !== socket) return;
        this.#end({ code, reason, wasClean });
        reject(new Error(reason || "the connection could not be opened"));
      };
    });
  }

  send(type, data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const text = JSON.stringify(data === undefined ? { type } : { type, data });
    this.#socket.send(text);
    this.#tell("sent", type, data, text);
  }

  /** Something that only operations can do, such as kicking; its result comes with this id. */
  operate(type, data) {
    const operation = data === undefined ? { type } : { type, data };
    this.send("RoomOperation", { operation_id: uuid(), operation });
  }

  /** Ends the connection without a word about the room, as a lost line does. */
  cut() {
    const socket = this.#socket;
    if (!socket) return;
    this.#end({ code: 1000, reason: "cut here", wasClean: true });
    socket.close();
  }

  #end(ending) {
    this.#socket = null;
    this.#pings = [];
    clearInterval(this.#pinging);
    this.ending = ending;
    this.#enter("closed");
  }

  #enter(stage) {
    this.stage = stage;
    this.dispatchEvent(new CustomEvent("stage", { detail: { stage } }));
  }

  /** Also keeps the connection: who says nothing for five minutes is closed. */
  #ping() {
    this.#pings.push(performance.now());
    this.send("Ping");
  }

  #ponged() {
    const at = this.#pings.shift();
    if (at === undefined) return;
    this.dispatchEvent(new CustomEvent("latency", { detail: { ms: performance.now() - at } }));
  }

  #tell(way, type, data, text) {
    const bytes = new Blob([text]).size;
    this.dispatchEvent(new CustomEvent("frame", { detail: { way, type, data, bytes } }));
  }
}
