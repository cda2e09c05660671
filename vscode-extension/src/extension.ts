// Starts the language server, and says what to do where that cannot be.

import { commands, type ExtensionContext, window, workspace } from "vscode";
import { LanguageClient, RevealOutputChannelOn, type ServerOptions } from "vscode-languageclient/node";

import { serverCommand } from "./command";

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const log = window.createOutputChannel("VibePiper", { log: true });
  context.subscriptions.push(
    log,
    commands.registerCommand("vibepiper.restartServer", async () => {
      await client?.stop().catch(() => undefined);
      await start();
    }),
    commands.registerCommand("vibepiper.showLog", () => log.show()),
  );

  async function start(): Promise<void> {
    const settings = workspace.getConfiguration("vibepiper");
    const folders = (workspace.workspaceFolders ?? []).map((each) => each.uri.fsPath);
    const server: ServerOptions = serverCommand(settings.get<string[]>("server.command", []), folders);
    client = new LanguageClient("vibepiper", "VibePiper", server, {
      documentSelector: [
        { scheme: "file", language: "vibepiper" },
        { scheme: "file", language: "sql" },
      ],
      initializationOptions: { environment: settings.get<string>("environment", "dev") },
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{toml,sql,py,csv,parquet,json}") },
    });
    try {
      await client.start();
    } catch (error) {
      log.error(String(error));
      const choice = await window.showErrorMessage(
        `VibePiper's language server does not start: ${[server.command, ...(server.args ?? [])].join(" ")}. Install it: pip install 'vibepiper[lsp]'`,
        "Show log",
        "Try again",
      );
      if (choice === "Show log") log.show();
      if (choice === "Try again") await start();
    }
  }

  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}
