import { helpJson } from "@moonlight-rl/pipeline/testing";
import { expect, it } from "vitest";
import { evaluate } from "./stage.ts";

it("has the help of its schemas written down", async () => {
  await expect(helpJson(evaluate)).toMatchFileSnapshot("../help.json");
});
