/** A number as the shortest text that Python's float() reads back as the same: 0.000001 → "1e-6", 0.28 → "0.28". */
export function numberText(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-4;
  return small ? value.toExponential() : String(value);
}

/** Like `numberText`, whole numbers with as many decimals as the reference writes: (1, 1) → "1.0", (0, 2) → "0.00". */
export function decimalText(value: number, decimals: number): string {
  return Number.isInteger(value) ? value.toFixed(decimals) : numberText(value);
}
