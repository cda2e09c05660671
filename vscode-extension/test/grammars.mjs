// Lays the grammars of the languages inside beside ours, as an editor has them.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const to = new URL("../dist/test/", import.meta.url);
mkdirSync(to, { recursive: true });
const from = new URL("../node_modules/tm-grammars/grammars/", import.meta.url);
copyFileSync(new URL("sql.json", from), new URL("sql.tmLanguage.json", to));
const shell = JSON.parse(readFileSync(new URL("shellscript.json", from), "utf8"));
writeFileSync(new URL("shell.tmLanguage.json", to), JSON.stringify(shell));
