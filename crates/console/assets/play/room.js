// What a client knows of its room: each message of the server makes the next state from the last one.

/** The state after a message; null while outside of any room. */
export function next(room, type, data) {
  switch (type) {
    case "RoomJoined":
    case "Reconnected":
      return entered(data, data.player_id, "player");
    case "SpectatorJoined":
      return entered(data, data.spectator_id, "spectator");
    case "RoomLeft":
    case "SpectatorLeft":
      return null;
    default:
      return room && inside(room, type, data);
  }
}

function entered(data, me, role) {
  return {
    id: data.room_id,
    code: data.room_code,
    game: data.game_name,
    me,
    role,
    lobby: data.lobby_state,
    hasAuthority: data.supports_authority ?? true,
    seats: data.max_players ?? null,
    token: data.reconnection_token ?? null,
    players: new Map(data.current_players.map((player) => [player.id, player])),
    seen: new Map(data.current_players.map(({ id, epoch, seq }) => [id, { epoch, seq }])),
    nSpectators: data.current_spectators.length,
    plan: null,
  };
}

function inside(room, type, data) {
  switch (type) {
    case "PlayerJoined":
      return { ...room, players: withPlayer(room.players, data.player) };
    case "PlayerReconnected":
      return data.player ? { ...room, players: withPlayer(room.players, data.player) } : room;
    case "PlayerLeft":
      return { ...room, players: new Map([...room.players].filter(([id]) => id !== data.player_id)) };
    case "AuthorityChanged":
      return { ...room, players: marked(room.players, "is_authority", (id) => id === data.authority_player) };
    case "LobbyStateChanged": {
      const players = marked(room.players, "is_ready", (id) => data.ready_players.includes(id));
      return { ...room, players, lobby: data.lobby_state };
    }
    case "GameStarting":
      return { ...room, lobby: "finalized" };
    case "SessionPlan":
      return { ...room, plan: data };
    case "NewSpectatorJoined":
    case "SpectatorDisconnected":
      return { ...room, nSpectators: data.spectator_count };
    case "GameData":
      // What was seen last of each sender is what a returning player says, to be sent the rest.
      room.seen.set(data.from_player, { epoch: data.epoch, seq: data.seq });
      return room;
    default:
      return room;
  }
}

/** Who holds the authority, if anybody does. */
export function authorityOf(room) {
  return [...room.players.values()].find((player) => player.is_authority) ?? null;
}

/** What `Reconnect` says. */
export function claim(room) {
  const last_seen = [...room.seen].map(([player_id, { epoch, seq }]) => ({ player_id, epoch, seq }));
  return { player_id: room.me, room_id: room.id, auth_token: room.token, last_seen };
}

function withPlayer(players, player) {
  return new Map(players).set(player.id, player);
}

function marked(players, member, test) {
  return new Map([...players].map(([id, player]) => [id, { ...player, [member]: test(id) }]));
}
