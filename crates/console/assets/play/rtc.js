// WebRTC between the players of a room, as the server's session plan says: who connects to whom, and who offers.

/**
 * Events: `data` ({from, data}), `frame` (as of a client, ways `peer out` and `peer in`), `change` when a link opens,
 * closes or has a new latency.
 */
export class Mesh extends EventTarget {
  #client;
  #links = new Map();
  #plan = null;
  #isWhole = null;

  constructor(client) {
    super();
    this.#client = client;
  }

  /** Follows a plan. Links that work are kept: a plan also comes when others join. */
  follow(plan) {
    this.#plan = plan;
    const wanted = new Map(plan.transport === "webrtc" ? plan.peers.map((peer) => [peer.player_id, peer]) : []);
    for (const id of this.#links.keys()) if (!wanted.has(id)) this.forget(id);
    for (const [id, peer] of wanted) if (!this.#links.get(id)?.isAlive) this.#link(id, peer.initiate);
    this.#report();
  }

  /** Takes a signal of a peer. One of the present plan for a link of an older one means that the peer began anew. */
  signalled({ from, generation, signal }) {
    const link = this.#links.get(from);
    if (link?.generation === generation) link.take(signal);
    else if (generation === this.#plan?.generation) this.#link(from, false).take(signal);
  }

  /** Gives up the link to a player who left. */
  forget(id) {
    this.#links.get(id)?.close();
    this.#links.delete(id);
  }

  close() {
    for (const id of [...this.#links.keys()]) this.forget(id);
    this.#plan = null;
    this.#isWhole = null;
  }

  /** Sends to every player with an open link. */
  broadcast(data) {
    for (const link of this.#links.values()) link.send(data);
  }

  /** Milliseconds there and back on the link to a player, NaN while not yet measured, null without an open link. */
  latencyTo(id) {
    const link = this.#links.get(id);
    return link?.isOpen ? link.latency : null;
  }

  get nOpen() {
    return [...this.#links.values()].filter((link) => link.isOpen).length;
  }

  get nWanted() {
    return this.#plan?.transport === "webrtc" ? this.#plan.peers.length : 0;
  }

  #link(id, initiate) {
    this.forget(id);
    const { generation, ice_servers: iceServers = [] } = this.#plan;
    const link = new Link(iceServers, {
      signal: (signal) => this.#client.send("Signal", { to: id, generation, signal }),
      data: (data) => this.dispatchEvent(new CustomEvent("data", { detail: { from: id, data } })),
      frame: (detail) => this.dispatchEvent(new CustomEvent("frame", { detail })),
      change: () => this.#report(),
    });
    link.generation = generation;
    this.#links.set(id, link);
    if (initiate) link.offer();
    return link;
  }

  /** The others hear once for each change whether all of the plan works here. */
  #report() {
    const isWhole = this.nWanted > 0 && this.nOpen === this.nWanted;
    if (this.nWanted > 0 && isWhole !== (this.#isWhole ?? false)) {
      this.#client.send("TransportStatus", { transport: "webrtc", connected: isWhole });
      this.#isWhole = isWhole;
    }
    this.dispatchEvent(new CustomEvent("change"));
  }
}

/** One peer: its connection, and a data channel that loses rather than waits, as positions want. */
class Link {
  #peer;
  #channel;
  #tell;
  #pinging;
  /** Descriptions and candidates are applied one after the other, in the order in which they came. */
  #applied = Promise.resolve();
  latency = NaN;

  constructor(iceServers, tell) {
    this.#tell = tell;
    this.#peer = new RTCPeerConnection({ iceServers });
    // Both sides make the channel, under a number that both know: nobody waits for the other to open it.
    this.#channel = this.#peer.createDataChannel("pond", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.#peer.onicecandidate = ({ candidate }) => candidate && tell.signal({ candidate: candidate.toJSON() });
    this.#peer.onconnectionstatechange = () => tell.change();
    this.#channel.onopen = () => {
      this.#pinging = setInterval(() => this.send({ ping: performance.now() }), 1000);
      this.send({ ping: performance.now() });
      tell.change();
    };
    this.#channel.onclose = () => tell.change();
    this.#channel.onmessage = ({ data: text }) => this.#hear(text);
  }

  get isOpen() {
    return this.#channel.readyState === "open";
  }

  get isAlive() {
    const isUp = !["failed", "closed"].includes(this.#peer.connectionState);
    return isUp && !["closing", "closed"].includes(this.#channel.readyState);
  }

  offer() {
    this.#describe(() => this.#peer.createOffer(), "offer");
  }

  take({ offer, answer, candidate }) {
    if (offer) {
      this.#then(() => this.#peer.setRemoteDescription({ type: "offer", sdp: offer }));
      this.#describe(() => this.#peer.createAnswer(), "answer");
    }
    if (answer) this.#then(() => this.#peer.setRemoteDescription({ type: "answer", sdp: answer }));
    if (candidate) this.#then(() => this.#peer.addIceCandidate(candidate));
  }

  send(data) {
    if (!this.isOpen) return;
    const text = JSON.stringify(data);
    this.#channel.send(text);
    this.#tell.frame({ way: "peer out", type: "data channel", data, bytes: text.length });
  }

  close() {
    clearInterval(this.#pinging);
    this.#channel.onclose = null;
    this.#peer.onconnectionstatechange = null;
    this.#peer.close();
  }

  #hear(text) {
    const data = JSON.parse(text);
    this.#tell.frame({ way: "peer in", type: "data channel", data, bytes: text.length });
    if (data.ping !== undefined) this.send({ pong: data.ping });
    else if (data.pong !== undefined) {
      this.latency = performance.now() - data.pong;
      this.#tell.change();
    } else this.#tell.data(data);
  }

  #describe(make, kind) {
    this.#then(async () => {
      const description = await make();
      await this.#peer.setLocalDescription(description);
      this.#tell.signal({ [kind]: description.sdp });
    });
  }

  /** What a peer sends may be nonsense; the link then stays closed, and the relay carries on. */
  #then(step) {
    this.#applied = this.#applied.then(step).catch((error) => console.warn("webrtc:", error.message));
  }
}
