import type { VNode } from "preact";

interface SearchFieldProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly change: (text: string) => void;
}

/** What is searched for, as it is typed. */
export function SearchField({ label, value, change }: SearchFieldProps): VNode {
  return (
    <input
      type="search"
      placeholder={label}
      aria-label={label}
      value={value ?? ""}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  /** Value and text of each; the value "" is no choice. */
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly change: (value: string) => void;
}

/** One of a few. */
export function Choice({ label, value, options, change }: ChoiceProps): VNode {
  return (
    <select
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => change(event.currentTarget.value)}
    >
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}
