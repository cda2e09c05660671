// Finds `vp`: what the setting says, else the one of the project's own environment, else the one on the path.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** The command and the arguments that start the language server. */
export function serverCommand(setting: readonly string[], folders: readonly string[]): { command: string; args: string[] } {
  const [command, ...args] = setting;
  if (command) return { command, args };
  const inside = process.platform === "win32" ? ["Scripts", "vp.exe"] : ["bin", "vp"];
  const own = folders.flatMap((folder) => [".venv", "venv"].map((name) => join(folder, name, ...inside))).find((file) => existsSync(file));
  return { command: own ?? "vp", args: ["lsp"] };
}
