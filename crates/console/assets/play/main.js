// The playground: fills in a name, and gives the page its one player.

import { themeButton } from "../common/dom.js";
import { Pane } from "./pane.js";

const NAMES = ["Perch", "Pike", "Carp", "Trout", "Salmon", "Tench", "Bream", "Roach", "Eel", "Char", "Koi", "Gudgeon"];

themeButton(document.getElementById("theme"));
const [name, number] = crypto.getRandomValues(new Uint8Array(2));
document.getElementById("name").value = `${NAMES[name % NAMES.length]} ${number}`;
new Pane();
