// One player, or one who watches: its connection, its room, and what the page shows of them.

import { copy, h, hueOf, write } from "../common/dom.js";
import { Client } from "./client.js";
import { Meters } from "./meters.js";
import { Log } from "./log.js";
import { Pond } from "./pond.js";
import { Mesh } from "./rtc.js";
import { authorityOf, claim, next } from "./room.js";

const GAME = "pond";
/** How often a fish that moves is spoken of: through the server, and straight to the others where there is WebRTC. */
const RELAYED_MS = 100;
const STRAIGHT_MS = 33;

/** Filled by the class, whose private parts it uses. */
let HEARD;

const $ = (id) => document.getElementById(id);

export class Pane {
  #client = new Client();
  #mesh = new Mesh(this.#client);
  #pond = new Pond($("pond"));
  #log = new Log($("log"));
  #meters = new Meters($("plots"));
  #room = null;
  #places = new Map();
  #relayed = new Pace(RELAYED_MS, () => this.#say());
  #straight = new Pace(STRAIGHT_MS, () => this.#mesh.broadcast(this.#myPlace()));

  constructor() {
    this.#client.addEventListener("frame", ({ detail }) => this.#framed(detail));
    this.#client.addEventListener("stage", () => this.#staged());
    this.#client.addEventListener("latency", ({ detail }) => this.#meters.latency(detail.ms));
    this.#mesh.addEventListener("frame", ({ detail }) => this.#count(detail));
    this.#mesh.addEventListener("data", ({ detail }) => this.#placed(detail.from, detail.data));
    this.#mesh.addEventListener("change", () => this.#showRoom());
    this.#pond.addEventListener("steer", () => this.#steered());
    this.#meters.peerLatency = () => this.#peerLatency();
    $("start").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(codeInHash() ? this.#join(codeInHash()) : this.#join(null));
    });
    this.#onClick({
      make: () => this.#enter(this.#join(null)),
      watch: () => this.#enter(this.#spectate(codeInHash())),
      copy: () => copy(linkTo(this.#room.code)).then(() => this.#tell("The link is copied: open it in another tab.")),
      cut: () => this.#client.cut(),
      reconnect: () => this.#enter(this.#comeBack()),
      leave: () => this.#client.send(this.#room.role === "player" ? "LeaveRoom" : "LeaveSpectator"),
      ready: () => this.#client.send("PlayerReady"),
      authority: () => this.#client.send("AuthorityRequest", { become_authority: !this.#me()?.is_authority }),
      "start-game": () => this.#client.send("StartGame"),
      clear: () => this.#log.clear(),
    });
    $("chatter").addEventListener("change", ({ target }) => this.#log.showChatter(target.checked));
    addEventListener("hashchange", () => this.#showStart());
    this.#staged();
  }

  #onClick(deeds) {
    for (const [id, deed] of Object.entries(deeds)) $(id).addEventListener("click", deed);
  }

  #join(code) {
    const join = { game_name: GAME, player_name: $("name").value.trim() };
    return ["JoinRoom", code ? { ...join, room_code: code, join_only: true } : join];
  }

  #spectate(code) {
    return ["JoinAsSpectator", { game_name: GAME, room_code: code, spectator_name: $("name").value.trim() }];
  }

  #comeBack() {
    return this.#room.role === "player" ? ["Reconnect", claim(this.#room)] : this.#spectate(this.#room.code);
  }

  /** Connects, unless it is connected, and says the one message that leads into the room. */
  async #enter([type, data]) {
    if (!$("start").hidden && !$("start").reportValidity()) return;
    this.#tell("");
    try {
      await this.#client.connect({ appId: $("app").value.trim(), connectToken: $("token").value.trim() });
      this.#client.send(type, data);
    } catch (error) {
      this.#tell(`Not connected: ${error.message}.`, true);
    }
  }

  #framed(frame) {
    this.#count(frame);
    if (frame.way === "received") this.#heard(frame.type, frame.data);
  }

  #count(frame) {
    this.#log.add(frame, this.#room);
    this.#meters.count(frame);
  }

  #heard(type, data) {
    const before = this.#room;
    this.#room = next(before, type, data);
    const hear = HEARD[type];
    if (hear) hear(this, data);
    if (this.#room !== before) this.#showRoom();
  }

  /** What has to be done about a message, beyond knowing it. */
  static {
    HEARD = {
      RoomJoined: (pane) => pane.#entered(),
      SpectatorJoined: (pane) => pane.#entered(),
      Reconnected: (pane, { missed_events }) => {
        pane.#entered();
        for (const { type, data } of missed_events) if (type === "GameData") pane.#placed(data.from_player, data.data);
        pane.#tell("Back, in the same seat.");
      },
      RoomLeft: (pane) => pane.#left("You have left the room."),
      SpectatorLeft: (pane) => pane.#left("You watch no longer."),
      RoomJoinFailed: (pane, data) => pane.#refused(data.reason),
      SpectatorJoinFailed: (pane, data) => pane.#refused(data.reason),
      ReconnectionFailed: (pane, data) => pane.#refused(data.reason),
      AuthorityResponse: (pane, data) => data.granted || pane.#tell(data.reason, true),
      Error: (pane, data) => pane.#tell(data.message, true),
      GoingAway: (pane) => pane.#tell("The server is about to stop.", true),
      GameData: (pane, data) => pane.#placed(data.from_player, data.data),
      // Who comes has heard nothing of the fish that do not move.
      PlayerJoined: (pane) => pane.#relayed.ask(),
      PlayerReconnected: (pane, data) => {
        // It has lost its links with its line.
        pane.#mesh.forget(data.player_id);
        pane.#relayed.ask();
      },
      NewSpectatorJoined: (pane) => pane.#relayed.ask(),
      PlayerLeft: (pane, data) => pane.#mesh.forget(data.player_id),
      SessionPlan: (pane, data) => pane.#mesh.follow(data),
      Signal: (pane, data) => pane.#mesh.signalled(data),
    };
  }

  #entered() {
    history.replaceState(null, "", `#${this.#room.code}`);
    this.#showRoom();
    this.#relayed.ask();
    $("pond").focus({ preventScroll: true });
  }

  #left(text) {
    this.#mesh.close();
    this.#tell(text);
  }

  #refused(reason) {
    this.#room = null;
    this.#mesh.close();
    this.#tell(reason, true);
    this.#showRoom();
  }

  #staged() {
    const { stage, ending } = this.#client;
    const words = { closed: "not connected", connecting: "connecting…", open: "connected" };
    write($("line"), words[stage]);
    $("line").className = `chip push ${stage === "open" ? "good" : this.#room ? "bad" : ""}`;
    if (stage === "closed" && this.#room) {
      this.#mesh.close();
      this.#tell(`The line is gone (${ending.code}${ending.reason && `, ${ending.reason}`}). The seat is kept for a while.`, true);
    }
    this.#showRoom();
  }

  #me() {
    return this.#room?.role === "player" ? this.#room.players.get(this.#room.me) : undefined;
  }

  #steered() {
    this.#relayed.ask();
    this.#straight.ask();
    this.#showPlaces();
  }

  /** Only the newest place matters: the server may leave out those between for whoever is slow. */
  #say() {
    const data = this.#myPlace();
    if (data) this.#client.send("GameData", { data, class: "latest", key: 1 });
  }

  #myPlace() {
    return this.#me() && this.#pond.placeOf(this.#room.me);
  }

  #placed(id, place) {
    this.#pond.place(id, place);
    this.#showPlaces();
  }

  /** The slowest of the links, in milliseconds. */
  #peerLatency() {
    const known = [...(this.#room?.players.keys() ?? [])].map((id) => this.#mesh.latencyTo(id)).filter((ms) => ms > 0);
    return known.length > 0 ? Math.max(...known) : null;
  }

  #tell(text, isBad = false) {
    write($("notice"), text);
    $("notice").className = isBad ? "bad" : "";
  }

  #showStart() {
    const code = codeInHash();
    $("start").hidden = this.#room !== null;
    write($("invitation"), code ? `You are invited to room ${code}` : "Two fish in a pond");
    write($("join"), code ? `Join ${code}` : "Make a room");
    write($("watch"), `Watch ${code}`);
    $("watch").hidden = $("make").hidden = !code;
  }

  #showRoom() {
    this.#showStart();
    const room = this.#room;
    $("room").hidden = room === null;
    if (!room) return;
    const isOpen = this.#client.stage === "open";
    const me = this.#me();
    write($("code"), room.code);
    write($("lobby"), { waiting: "waiting", lobby: "in the lobby", finalized: "the game is on" }[room.lobby]);
    write($("spectators"), `${room.nSpectators} watching`);
    $("spectators").hidden = room.nSpectators === 0;
    this.#showPlan(isOpen && room.plan);
    $("cut").hidden = !isOpen;
    $("reconnect").hidden = isOpen;
    for (const id of ["leave", "ready", "authority"]) $(id).disabled = !isOpen;
    this.#pond.show(room.players, me ? room.me : null);
    write($("steering"), me ? "drag, touch, or use the arrow keys" : "you only watch");
    this.#showLobby(room, me, isOpen);
    this.#showPlayers(room, me, isOpen);
  }

  #showPlan(plan) {
    $("plan").hidden = !plan;
    const links = `${this.#mesh.nOpen} of ${this.#mesh.nWanted} links`;
    if (plan) write($("plan"), plan.transport === "webrtc" ? `WebRTC ${plan.topology}, ${links}` : `by ${plan.transport}`);
  }

  #showLobby(room, me, isOpen) {
    const authority = authorityOf(room);
    const isEverybodyReady = [...room.players.values()].every((player) => player.is_ready);
    const isStarted = room.lobby === "finalized";
    const mayStart = me && (!authority || me.is_authority);
    $("lobby-buttons").hidden = !me;
    $("ready").hidden = $("start-game").hidden = isStarted;
    write($("ready"), me?.is_ready ? "Not ready" : "Ready");
    $("authority").hidden = !room.hasAuthority;
    write($("authority"), me?.is_authority ? "Give authority back" : "Take authority");
    $("start-game").disabled = !(isOpen && mayStart && isEverybodyReady);
    const hint = !isEverybodyReady ? "The game can start when everybody is ready."
      : mayStart ? "Everybody is ready: start the game." : `Everybody is ready; ${authority?.name} may start the game.`;
    write($("hint"), me && !isStarted ? hint : "");
  }

  #showPlayers(room, me, isOpen) {
    this.#places.clear();
    $("players").replaceChildren(...[...room.players.values()].map((player) => {
      const dot = h("span", { class: "dot", "aria-hidden": "true" });
      dot.style.background = `hsl(${hueOf(player.id)} 70% 55%)`;
      const place = h("span", { class: "place", title: "where its fish is" });
      this.#places.set(player.id, place);
      const isLinked = this.#mesh.latencyTo(player.id) !== null;
      const handOver = () => this.#client.operate("TransferAuthority", { player_id: player.id });
      return h("li", { "data-name": player.name },
        dot, h("span", { class: "name" }, player.name), player.id === room.me && h("span", { class: "muted" }, "you"),
        player.is_authority && h("span", { class: "chip" }, "authority"),
        player.is_ready && h("span", { class: "chip good" }, "ready"),
        isLinked && h("span", { class: "chip good" }, "WebRTC"),
        me?.is_authority && isOpen && player.id !== room.me &&
          h("button", { class: "small", type: "button", onclick: handOver }, "Hand over"),
        place);
    }));
    this.#showPlaces();
  }

  #showPlaces() {
    for (const [id, element] of this.#places) {
      const place = this.#pond.placeOf(id);
      write(element, place ? `${place.x}, ${place.y}` : "");
    }
  }
}

/** Does something at once, and then not again before some milliseconds are over: what is asked for meanwhile, then. */
class Pace {
  #ms;
  #deed;
  #isResting = false;
  #isAsked = false;

  constructor(ms, deed) {
    this.#ms = ms;
    this.#deed = deed;
  }

  ask() {
    this.#isAsked = true;
    if (!this.#isResting) this.#go();
  }

  #go() {
    this.#isResting = this.#isAsked;
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#deed();
    setTimeout(() => this.#go(), this.#ms);
  }
}

function codeInHash() {
  const code = location.hash.slice(1).toUpperCase();
  return /^[A-Z0-9]{1,16}$/.test(code) ? code : null;
}

function linkTo(code) {
  return `${location.origin}${location.pathname}#${code}`;
}
