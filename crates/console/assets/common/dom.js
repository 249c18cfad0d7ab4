// Elements without markup in strings: whatever a peer sends is shown as text and never read as HTML.

/** Makes an element: `h("button", {class: "primary", onclick: f}, "Join")`. Properties in lower case are attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** Writes text only where it differs, so that nothing is announced or laid out again for nothing. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A colour that belongs to an id, the same in every tab. */
export function hueOf(id) {
  let hash = 2166136261;
  for (const char of id) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  return (hash >>> 0) % 360;
}

/** Bytes for people. */
export function bytes(n) {
  if (n < 1024) return `${n} B`;
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

/** A random UUID, also on pages without TLS, where `crypto.randomUUID` is missing. */
export function uuid() {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  raw[6] = (raw[6] & 0x0f) | 0x40;
  raw[8] = (raw[8] & 0x3f) | 0x80;
  const hex = [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Copies text, also on pages without TLS. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** The button that switches between light and dark; without a choice the system decides. */
export function themeButton(button) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => document.documentElement.dataset.theme ?? (media.matches ? "dark" : "light");
  const show = () => {
    const other = chosen() === "dark" ? "light" : "dark";
    button.textContent = chosen() === "dark" ? "☀" : "☾";
    button.setAttribute("aria-label", `Use ${other} colours`);
    button.title = `Use ${other} colours`;
    // What is drawn on a canvas has to be drawn again.
    document.dispatchEvent(new Event("theme"));
  };
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = chosen() === "dark" ? "light" : "dark";
    localStorage.setItem("theme", chosen());
    show();
  });
  media.addEventListener("change", show);
  show();
}
