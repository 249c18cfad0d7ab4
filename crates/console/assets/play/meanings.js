// What each message means, in one line for people. A test of the server holds this to the messages that there are.

const name = (data, room, id) => room?.players.get(id)?.name ?? "somebody";
const code = (data) => (data.error_code ? `${data.error_code}: ` : "");
const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

const SENT = {
  Authenticate: () => "Says which game this is, and what it can do: protocol 3, WebRTC, coming back.",
  JoinRoom: (data) => (data.room_code ? `Asks for a seat in ${data.room_code}.` : "Asks for a new room, and a seat in it."),
  LeaveRoom: () => "Gives up the seat.",
  GameData: (data) => `Game data for all others in the room${data.class ? `, class ${data.class}` : ""}.`,
  AuthorityRequest: (data) => (data.become_authority ? "Asks for the authority." : "Gives the authority back."),
  PlayerReady: () => "Toggles the ready mark.",
  StartGame: () => "Starts the game, if everybody is ready.",
  ProvideConnectionInfo: () => "Says how this player can be reached outside the relay.",
  Ping: () => "Asks for a Pong; the time until it comes is the latency.",
  Reconnect: (data) => `Takes the lost seat again, and says what it saw of ${count(data.last_seen?.length ?? 0, "sender")}.`,
  JoinAsSpectator: (data) => `Asks to watch ${data.room_code}.`,
  LeaveSpectator: () => "Stops watching.",
  Signal: (data, room) => `A WebRTC ${kind(data.signal)} for ${name(data, room, data.to)}; the server only passes it on.`,
  TransportStatus: (data) => `Tells the others that ${data.transport} ${data.connected ? "works" : "does not work"} here.`,
  RoomOperation: (data) => `Asks for ${data.operation.type}, with an id for its one answer.`,
};

const RECEIVED = {
  Authenticated: (data) => `The handshake is done; the server calls this game “${data.app_name}”.`,
  ProtocolInfo: (data) => `Negotiated: protocol ${data.protocol_version}, ${data.capabilities.join(", ") || "no capabilities"}.`,
  AuthenticationError: (data) => `The handshake was refused. ${code(data)}${data.error}`,
  RoomJoined: (data) => `A seat in ${data.room_code}, among ${count(data.current_players.length, "player")}: the room as it is now.`,
  RoomJoinFailed: (data) => `No seat. ${code(data)}${data.reason}`,
  RoomLeft: () => "The seat is given up.",
  PlayerJoined: (data) => `${data.player.name} took a seat (membership ${data.player.epoch}).`,
  PlayerLeft: (data, room) => `${name(data, room, data.player_id)} is gone, after ${count(data.final_seq, "message")}.`,
  GameData: (data, room) => `Game data of ${name(data, room, data.from_player)}, number ${data.seq}.`,
  AuthorityChanged: (data, room) =>
    data.authority_player ? `${name(data, room, data.authority_player)} holds the authority now.` : "Nobody holds the authority now.",
  AuthorityResponse: (data) => (data.granted ? "The authority request was granted." : `Refused. ${code(data)}${data.reason}`),
  LobbyStateChanged: (data) =>
    `${count(data.ready_players.length, "player")} ready${data.all_ready ? ", that is everybody" : ""}; the room is ${data.lobby_state}.`,
  GameStarting: (data) => `The game starts with ${count(data.peer_connections.length, "player")}.`,
  Pong: () => "The answer to Ping.",
  Reconnected: (data) => `The seat is taken again; ${count(data.missed_events.length, "event")} missed meanwhile.`,
  ReconnectionFailed: (data) => `The seat is lost. ${code(data)}${data.reason}`,
  PlayerReconnected: (data, room) => `${name(data, room, data.player_id)} is back (membership ${data.epoch}).`,
  SpectatorJoined: (data) => `Watching ${data.room_code}: the room as it is now.`,
  SpectatorJoinFailed: (data) => `Not watching. ${code(data)}${data.reason}`,
  SpectatorLeft: () => "Watching no longer.",
  NewSpectatorJoined: (data) => `${data.spectator.name} came to watch; ${data.spectator_count} watch now.`,
  SpectatorDisconnected: (data) => `Somebody watches no longer; ${data.spectator_count} still do.`,
  Error: (data) => `Refused. ${code(data)}${data.message}`,
  Signal: (data, room) => `A WebRTC ${kind(data.signal)} of ${name(data, room, data.from)}.`,
  NewPeer: () => "A peer to connect to.",
  SessionPlan: (data) => `The plan: ${data.transport} as ${data.topology}, to ${count(data.peers.length, "peer")}; the relay stays open.`,
  PeerTransportStatus: (data, room) =>
    `${name(data, room, data.peer_id)} says that ${data.transport} ${data.connected ? "works" : "does not work"}.`,
  RelayStats: (data) => `${data.sent_to_you} game messages sent to this client, ${data.dropped_for_you} left out.`,
  GoingAway: (data) => `The server stops at ${new Date(data.deadline_ms).toLocaleTimeString()}.`,
  DeliveryReport: (data) => `${count(data.gaps?.length ?? 0, "gap")} in the game data, and how all of it fared.`,
  RoomOperationResult: (data) => `${data.result.type}: what came of the operation.`,
};

/** The meaning of a frame; `room` gives names to ids. */
export function meaning(way, type, data, room) {
  if (way === "peer out") return "Straight to another player, over WebRTC: the server does not see it.";
  if (way === "peer in") return "Straight from another player, over WebRTC: the server does not see it.";
  const table = way === "sent" ? SENT : RECEIVED;
  return table[type]?.(data, room) ?? "A message that this page does not know.";
}

function kind(signal) {
  return Object.keys(signal ?? {})[0] ?? "signal";
}
