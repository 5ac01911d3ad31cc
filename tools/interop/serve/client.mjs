// What the npm `openai` client gets from a server, as one JSON object. Arguments: the client's module, the base URL.
const [module, baseURL] = process.argv.slice(2);
const { default: OpenAI } = await import(module);
const client = new OpenAI({ apiKey: "secret", baseURL, maxRetries: 0 });
const messages = [{ role: "user", content: "12 + 30 = ?" }];
const settings = { model: "tiny-moonlight", messages, seed: 7, max_tokens: 24, n: 2 };

const whole = await client.chat.completions.create({ ...settings, logprobs: true });
const streamed = ["", ""];
for await (const { choices } of await client.chat.completions.create({
  ...settings,
  stream: true,
})) {
  for (const { index, delta } of choices) streamed[index] += delta.content ?? "";
}
const helper = await client.chat.completions.stream({ ...settings, n: 1 }).finalContent();
const completion = await client.completions.create({
  model: "tiny-moonlight",
  prompt: ["12 + 3", "4"],
  max_tokens: 3,
  seed: 7,
});
const refused = await client.chat.completions
  .create({ ...settings, temperature: -1 })
  .catch(({ status, param }) => ({ status, param }));
const { data } = await client.models.list();
console.log(
  JSON.stringify({
    whole: whole.choices.map(({ message }) => message.content),
    logprobs: whole.choices[0].logprobs.content.length,
    usage: whole.usage,
    streamed,
    helper,
    completion: completion.choices.map(({ text }) => text),
    refused,
    models: data.map(({ id }) => id),
  }),
);
