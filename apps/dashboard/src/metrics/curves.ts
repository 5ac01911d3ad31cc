/** Points of one metric, by step. */
export interface Curve {
  readonly steps: number[];
  readonly values: number[];
}

/** All curves of a run, by name and by the stage that gave them. */
export class Curves {
  readonly #byName = new Map<string, Map<string, Curve>>();

  add(stage: string, name: string, step: number, value: number): void {
    let stages = this.#byName.get(name);
    if (stages === undefined) this.#byName.set(name, (stages = new Map()));
    let curve = stages.get(stage);
    if (curve === undefined) stages.set(stage, (curve = { steps: [], values: [] }));
    // A resumed stage goes back to its checkpoint and tells again what came after it.
    while ((curve.steps.at(-1) ?? -Infinity) >= step) {
      curve.steps.pop();
      curve.values.pop();
    }
    curve.steps.push(step);
    curve.values.push(value);
  }

  has(stage: string): boolean {
    for (const stages of this.#byName.values()) if (stages.has(stage)) return true;
    return false;
  }

  /** By the name that readers use: the longest curve has the plain one, a shorter one of another stage "name @stage". */
  named(): Map<string, Curve> {
    const named = new Map<string, Curve>();
    for (const name of [...this.#byName.keys()].sort()) {
      const stages = [...(this.#byName.get(name) ?? [])].sort(
        ([, a], [, b]) => b.steps.length - a.steps.length,
      );
      for (const [i, [stage, curve]] of stages.entries())
        named.set(i === 0 ? name : `${name} @${stage}`, curve);
    }
    return named;
  }
}
