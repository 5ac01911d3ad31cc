/** An exception that Python would raise by itself where the reference does not look: TypeError, ZeroDivisionError, … */
export class PythonFault extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = "PythonFault";
    this.type = type;
  }
}
