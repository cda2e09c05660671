// Writes the TextMate grammar. A rule for each kind of string times each language inside it is too much to write by hand.

import { mkdirSync, writeFileSync } from "node:fs";

const folder = new URL("../dist/", import.meta.url);

/** What stands in the strings of which keys. */
const INSIDE = [
  { name: "sql", keys: ["query", "where", "expression", "when", "statement"], scope: "meta.embedded.sql", include: "source.sql" },
  { name: "shell", keys: ["command"], scope: "meta.embedded.shell", include: "source.shell" },
];

const KEY_BEFORE = String.raw`(?<![\w"'-])((?:[\w-]+\s*\.\s*)*)`;

function quote(mark, kind) {
  const scope = `string.quoted.${kind}.toml`;
  const punctuation = (side) => ({ name: `punctuation.definition.string.${side}.toml` });
  return { scope, begin: punctuation("begin"), end: punctuation("end"), mark };
}

/** The value of one of `keys`: a string of any kind, with another language inside. */
function embedded({ name, keys, scope, include }) {
  const inner = [{ include: "#parameter" }, { include }];
  const oneLine = (mark, kind, body) => {
    const { scope: string, begin, end } = quote(mark, kind);
    return {
      name: string,
      match: `(${mark})(${body})(${mark})`,
      captures: { 1: begin, 2: { name: scope, patterns: inner }, 3: end },
    };
  };
  const manyLines = (mark, kind) => {
    const { scope: string, begin, end } = quote(mark, kind);
    return {
      name: string,
      begin: mark,
      end: mark,
      beginCaptures: { 0: begin },
      endCaptures: { 0: end },
      patterns: [
        // `while` ends whatever the other language has left open: a lone quote in SQL may not eat the rest of the file.
        { begin: String.raw`\G`, while: `^(?!.*${mark})`, contentName: scope, patterns: inner },
        { match: `(.+?)(?=${mark})`, captures: { 1: { name: scope, patterns: inner } } },
      ],
    };
  };
  return {
    name: `meta.${name}.vibepiper`,
    begin: `${KEY_BEFORE}(${keys.join("|")})\\s*(=)\\s*(?=["'])`,
    beginCaptures: {
      1: { name: "variable.other.key.toml" },
      2: { name: "variable.other.key.toml" },
      3: { name: "keyword.operator.assignment.toml" },
    },
    end: String.raw`$|(?=[,}\]#])`,
    patterns: [
      oneLine("'''", "triple.literal", ".*?"),
      oneLine('"""', "triple.basic", ".*?"),
      manyLines("'''", "triple.literal"),
      manyLines('"""', "triple.basic"),
      oneLine("'", "single.literal", "[^']*"),
      oneLine('"', "double.basic", String.raw`(?:[^"\\]|\\.)*`),
    ],
  };
}

const escapes = {
  patterns: [
    { name: "constant.character.escape.toml", match: String.raw`\\(?:[btnfr"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|$)` },
    { name: "invalid.illegal.escape.toml", match: String.raw`\\.` },
  ],
};

function string(mark, kind, patterns) {
  const { scope, begin, end } = quote(mark, kind);
  return { name: scope, begin: mark, end: kind.startsWith("triple") ? mark : `${mark}|$`, beginCaptures: { 0: begin }, endCaptures: { 0: end }, patterns };
}

const grammar = {
  $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
  name: "VibePiper",
  scopeName: "source.vibepiper",
  fileTypes: ["vp.toml"],
  patterns: [{ include: "#comment" }, { include: "#header" }, { include: "#pair" }, { include: "#value" }],
  repository: {
    comment: { name: "comment.line.number-sign.toml", match: "#.*$" },
    header: {
      name: "meta.header.vibepiper",
      match: String.raw`^\s*(\[\[?)\s*([\w-]+)((?:\s*\.\s*[\w-]+)*?)(?:(\s*\.\s*)([\w-]+|"[^"]*"|'[^']*'))?\s*(\]\]?)`,
      captures: {
        1: { name: "punctuation.definition.table.toml" },
        2: { name: "keyword.other.kind.vibepiper" },
        3: { name: "entity.name.type.vibepiper" },
        4: { name: "punctuation.separator.toml" },
        5: { name: "entity.name.section.vibepiper" },
        6: { name: "punctuation.definition.table.toml" },
      },
    },
    pair: { patterns: [...INSIDE.map((each) => ({ include: `#${each.name}` })), { include: "#cron" }, { include: "#function" }, { include: "#key" }] },
    ...Object.fromEntries(INSIDE.map((each) => [each.name, embedded(each)])),
    cron: {
      match: String.raw`(?<![\w"'-])(cron)\s*(=)\s*(["'])([^"']*)(\3)`,
      captures: {
        1: { name: "variable.other.key.toml" },
        2: { name: "keyword.operator.assignment.toml" },
        3: { name: "string.quoted.toml punctuation.definition.string.begin.toml" },
        4: {
          name: "string.quoted.cron.vibepiper",
          patterns: [
            { name: "constant.numeric.cron.vibepiper", match: String.raw`\d+` },
            { name: "keyword.operator.cron.vibepiper", match: String.raw`[*/,\-?L#]` },
            { name: "constant.language.cron.vibepiper", match: String.raw`@\w+|[A-Za-z]{3}` },
          ],
        },
        5: { name: "string.quoted.toml punctuation.definition.string.end.toml" },
      },
    },
    function: {
      match: String.raw`(?<![\w"'-])(function)\s*(=)\s*(["'])([\w.]*)(:)([\w.]*)(\3)`,
      captures: {
        1: { name: "variable.other.key.toml" },
        2: { name: "keyword.operator.assignment.toml" },
        3: { name: "string.quoted.toml punctuation.definition.string.begin.toml" },
        4: { name: "entity.name.namespace.python" },
        5: { name: "punctuation.separator.colon.python" },
        6: { name: "entity.name.function.python" },
        7: { name: "string.quoted.toml punctuation.definition.string.end.toml" },
      },
    },
    key: {
      match: String.raw`((?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*)\s*(=)`,
      captures: { 1: { name: "variable.other.key.toml" }, 2: { name: "keyword.operator.assignment.toml" } },
    },
    value: {
      patterns: [
        { include: "#string" },
        { name: "constant.language.boolean.toml", match: String.raw`\b(?:true|false)\b` },
        {
          name: "constant.other.time.toml",
          match: String.raw`\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?|\b\d{2}:\d{2}:\d{2}(?:\.\d+)?`,
        },
        { name: "constant.numeric.toml", match: String.raw`[+-]?(?:0x[\dA-Fa-f_]+|0o[0-7_]+|0b[01_]+|\b\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?|inf\b|nan\b)` },
        { name: "punctuation.separator.toml", match: "," },
        { name: "punctuation.definition.array.toml", match: String.raw`[\[\]]` },
        { name: "punctuation.definition.table.inline.toml", match: "[{}]" },
      ],
    },
    string: {
      patterns: [
        string('"""', "triple.basic", [escapes]),
        string("'''", "triple.literal", []),
        string('"', "double.basic", [escapes]),
        string("'", "single.literal", []),
      ],
    },
    parameter: { name: "variable.parameter.vibepiper", match: String.raw`\$[A-Za-z_]\w*` },
  },
};

mkdirSync(folder, { recursive: true });
writeFileSync(new URL("vibepiper.tmLanguage.json", folder), `${JSON.stringify(grammar, null, 2)}\n`);
