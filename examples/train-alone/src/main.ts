import { formatTable } from "@moonlight-rl/core";
import { trainAlone } from "./train-alone.ts";

// Arguments are fields of the recipe: npm start -- algorithm.epsClipHigh=0.4
const samples = await trainAlone({
  set: process.argv.slice(2),
  onEvent(event) {
    if (event.type === "metric") console.log(`step ${event.step}`, event.values);
    if (event.type === "warning") console.warn(`${event.code}: ${event.message}`);
  },
});
console.log(
  formatTable(
    [
      { title: "rollout", align: "right" },
      { title: "question" },
      { title: "label" },
      { title: "response" },
      { title: "outcome" },
      { title: "reward", align: "right" },
      { title: "advantage", align: "right" },
    ],
    samples.map(({ rollout, question, label, response, outcome, reward, advantage }) => [
      String(rollout),
      question,
      label,
      JSON.stringify(response),
      outcome,
      String(reward),
      advantage?.toFixed(2) ?? "",
    ]),
  ),
);
