/** Numbers that describe a task, at the begin of its memory. */
export const TASK = {
  /** Where the task's rows begin, in int32 units; each column has `capacity` numbers. */
  capacity: 0,
  /** Of the cache, see `KeyShape`. */
  places: 1,
  layer: 2,
  /** Address of every thread's attention scores, and bytes from one thread's to the next. */
  scores: 3,
  scoresStride: 4,
} as const;
export const TASK_HEADER = 8;

/** Columns of a task's table of rows, a row for each token that goes through the model. */
export const ROW = {
  token: 0,
  position: 1,
  /** Address of the sequence's keys, as an unsigned number. */
  slot: 2,
  /** Address that the probabilities of the next token are written to; 0: they are not wanted. */
  output: 3,
  /** A float: logits are multiplied by it. */
  inverseTemperature: 4,
  /** A table of its own: of each unit, the first row after it. */
  unitEnd: 5,
} as const;
export const ROW_COLUMNS = 6;
