import type { Stage } from "../stage/define-stage.ts";
import type { Flag } from "./flag.ts";
import type { HelpPage } from "./help-page.ts";
import { commandInput, type CommandInput, type InputDeclaration } from "./input-options.ts";

/** The help of a stage and of its subcommands, from their schemas. */
export function stagePage(stage: Stage): HelpPage {
  return {
    ...pageOf({ ...stage, title: stage.title ?? `Run the stage ${stage.name}.` }),
    commands: (stage.commands ?? []).map(pageOf),
  };
}

interface Described extends InputDeclaration {
  readonly name: string;
  readonly title: string;
  readonly examples?: readonly string[];
}

function pageOf(described: Described): HelpPage {
  const input = commandInput(described);
  const { flags, positionals } = input;
  return {
    name: described.name,
    description: described.title,
    examples: described.examples ?? [neededTexts(input)],
    arguments: positionals.map((flag) => {
      const name = `${flag.name.slice(2)}${flag.repeatable ? "..." : ""}`;
      return {
        name: flag.required ? `<${name}>` : `[${name}]`,
        description: describe(flag, false),
      };
    }),
    options: flags
      .filter((flag) => !(flag.required && positionals.includes(flag)))
      .flatMap(optionsOf),
  };
}

function optionsOf(flag: Flag): HelpPage["options"] {
  const description = describe(flag, true);
  if (flag.type !== "boolean" || flag.repeatable)
    return [{ flags: `${flag.name} <${placeholder(flag)}>`, description }];
  const hidden = flag.defaultText === "true" ? {} : { hidden: true as const };
  return [
    { flags: flag.name, description },
    { flags: flag.name.replace(/^--/, "--no-"), description: "", ...hidden },
  ];
}

function describe(flag: Flag, asFlag: boolean): string {
  const facts = [
    asFlag && flag.required && flag.type !== "object" ? "required" : undefined,
    asFlag && flag.repeatable ? "repeatable" : undefined,
    flag.choices === undefined ? undefined : `one of: ${flag.choices.join(", ")}`,
    flag.defaultText === undefined ? undefined : `default: ${flag.defaultText}`,
  ].filter((fact) => fact !== undefined);
  return [flag.description, facts.length === 0 ? undefined : `(${facts.join("; ")})`]
    .filter((part) => part !== undefined)
    .join(" ");
}

function placeholder(flag: Flag): string {
  switch (flag.type) {
    case "artifact":
      return "folder";
    case "object":
    case "json":
      return "json";
    case "record":
      return "key=value";
    case "choice":
      return "choice";
    case "number":
      return "number";
    default:
      return "text";
  }
}

/** The shortest call, for a stage that has no example. */
function neededTexts({ flags, positionals }: CommandInput): string {
  return flags
    .filter((flag) => flag.required && flag.path.length === 1 && flag.type !== "object")
    .map((flag) => {
      const value = (flag.choices?.[0] ?? placeholder(flag)).toUpperCase();
      return positionals.includes(flag) ? value : `${flag.name} ${value}`;
    })
    .join(" ");
}
