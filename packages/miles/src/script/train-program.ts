/** Whether a word names miles' training program. */
export function isTrainProgram(text: string | undefined): boolean {
  return text !== undefined && /(?:^|\/)train(?:_async)?\.py$/.test(text);
}
