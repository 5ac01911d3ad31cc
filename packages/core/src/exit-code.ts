/** Exit codes of every Moonlight command; part of the CLI contract. */
export const EXIT_CODE = {
  ok: 0,
  failed: 1,
  usage: 2,
  preflight: 3,
  verification: 4,
  gate: 5,
  temporary: 75,
  interrupted: 130,
} as const;
