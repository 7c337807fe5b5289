/**
 * The table of instructions.
 *
 * Code is an `Int32Array` of words: an opcode, then its operands. Effects show the operand stack growing to
 * the right; a *value* is in weak head normal form, a *slot* may be a thunk. The row of each opcode is the
 * one source of the disassembler, of the emitter's stack effects, of the cache format and of
 * `docs/opcodes.md`; `vm/run.ts` and `vm/stack-ops.ts` have the `case`. The numbers are dense from 0 so that
 * the dispatch switch becomes a jump table.
 */
import { InternalError } from "../errors/eval-error.ts";

/** The opcodes; {@link OPCODES} has a row for each. */
export const enum Op {
  Const,
  Int,
  Local,
  LocalForce,
  Upvalue0,
  Upvalue1,
  Upvalue,
  UpvalueForce,
  Force,
  SetLocal,
  Pop,
  Nip,
  Slide,
  Thunk,
  Closure,
  Refill,
  SkipIfBound,
  Call,
  Return,
  Jump,
  JumpIfFalse,
  And,
  Or,
  CheckBool,
  Not,
  AddFirst,
  Add,
  Sub,
  Mul,
  Div,
  Negate,
  Less,
  Equal,
  NotEqual,
  Interpolate,
  ConcatStrings,
  PathSegment,
  ConcatPath,
  List,
  Concat,
  Attrs,
  DynamicBegin,
  DynamicAttr,
  DynamicEnd,
  NewCell,
  SetCell,
  Overrides,
  CheckSet,
  Update,
  CheckName,
  Select,
  SelectKeep,
  SelectDynamic,
  SelectOr,
  SelectOrDynamic,
  HasAttr,
  HasAttrDynamic,
  With,
  ResolveWith,
  BindFormals,
  AssertFail,
  AssertEqual,
  CurPos,
  OpenScope,
  FillScope,
  Break,
  ResumeNative,
  LeaveSegment,
  Exit,
  EnterThunk,
  EnterNative,
  CallFromNative,
  StepNative,
  Pause,
}

/** What an operand word is, and what it is relative to. */
export type OperandKind =
  /** Index into `Lambda.constants`. */
  | "constant"
  /** The number itself. */
  | "immediate"
  /** Index of a local, from the base of the frame. */
  | "local"
  /** Index of an upvalue of the frame's closure or thunk; the row says from which one on. */
  | "upvalue"
  /** Index into `Lambda.lambdas` and `Lambda.captures`. */
  | "lambda"
  /** A number of operands. */
  | "count"
  /** Offset into `Lambda.code`. */
  | "jump"
  /** Depth of the stack from the base of the frame, locals included. */
  | "depth"
  /** Index into `Lambda.constants`, of an inline cache. */
  | "cache"
  /** A `PosIdx`. */
  | "position";

/** The row of an opcode. */
export interface OpcodeRow {
  readonly op: Op;
  /** As the disassembler prints it. */
  readonly name: string;
  readonly operands: readonly OperandKind[];
  /**
   * Effect on the operand stack: what lies on its top before and after. Where an instruction jumps, this is
   * the effect of not jumping; what is in parentheses is there only after the jump.
   */
  readonly effect: string;
  /** How many slots the stack grows by; `undefined` if that depends on an operand. */
  readonly growth: number | undefined;
  readonly doc: string;
}

const row = (
  op: Op,
  name: string,
  operands: readonly OperandKind[],
  effect: string,
  growth: number | undefined,
  doc: string,
): OpcodeRow => ({
  op,
  name,
  operands,
  effect,
  growth,
  doc,
});

/** One row for each opcode, in the order of their numbers. */
export const OPCODES: readonly OpcodeRow[] = [
  row(Op.Const, "CONST", ["constant"], "… → … slot", 1, "Pushes a constant."),
  row(Op.Int, "INT", ["immediate"], "… → … int", 1, "Pushes a small integer."),
  row(Op.Local, "LOCAL", ["local"], "… → … slot", 1, "Pushes a local as it is."),
  row(Op.LocalForce, "LOCAL_FORCE", ["local"], "… → … value", 1, "Pushes a local, forced."),
  row(Op.Upvalue0, "UPVALUE0", [], "… → … slot", 1, "Pushes the first upvalue."),
  row(Op.Upvalue1, "UPVALUE1", [], "… → … slot", 1, "Pushes the second upvalue."),
  row(
    Op.Upvalue,
    "UPVALUE",
    ["upvalue"],
    "… → … slot",
    1,
    "Pushes a later upvalue; the operand counts from the third.",
  ),
  row(
    Op.UpvalueForce,
    "UPVALUE_FORCE",
    ["upvalue"],
    "… → … value",
    1,
    "Pushes an upvalue, forced; the operand counts from the first.",
  ),
  row(Op.Force, "FORCE", [], "… slot → … value", 0, "Forces the top."),
  row(Op.SetLocal, "SET_LOCAL", ["local"], "… slot → …", -1, "Pops into a local."),
  row(Op.Pop, "POP", [], "… slot → …", -1, "Drops the top."),
  row(
    Op.Nip,
    "NIP",
    [],
    "… a b → … b",
    -1,
    "Drops what is under the top; SELECT skips it when it need not force.",
  ),
  row(Op.Slide, "SLIDE", ["count"], "… a1…an b → … b", undefined, "Drops n slots under the top."),
  row(
    Op.Thunk,
    "THUNK",
    ["lambda"],
    "… → … thunk",
    1,
    "Makes a suspended thunk with its captures. Of a function's code it makes a thunk that becomes the closure.",
  ),
  row(Op.Closure, "CLOSURE", ["lambda"], "… → … closure", 1, "Makes a closure with its captures."),
  row(
    Op.Refill,
    "REFILL",
    ["local", "lambda"],
    "… → …",
    0,
    "Captures again for the thunk in a local, now that all locals of its scope exist (Tvix's finalise).",
  ),
  row(
    Op.SkipIfBound,
    "SKIP_IF_BOUND",
    ["local", "jump"],
    "… → …",
    0,
    "Jumps if the caller gave this formal.",
  ),
  row(
    Op.Call,
    "CALL",
    ["count"],
    "… an…a1 f → … an…ak result",
    undefined,
    "Calls a function with the first of n arguments; a builtin or a fused function takes as many as it needs and skips the CALLs that follow for them.",
  ),
  row(
    Op.Return,
    "RETURN",
    [],
    "… value → (caller) value",
    0,
    "Leaves the frame and stores the value in the thunk that was forced, if any.",
  ),
  row(Op.Jump, "JUMP", ["jump"], "… → …", 0, "Continues elsewhere."),
  row(
    Op.JumpIfFalse,
    "JUMP_IF_FALSE",
    ["jump"],
    "… bool → …",
    -1,
    "Pops a Boolean and jumps if it is false.",
  ),
  row(
    Op.And,
    "AND",
    ["jump"],
    "… bool → … (bool)",
    -1,
    "Jumps if the top is false, else drops it.",
  ),
  row(Op.Or, "OR", ["jump"], "… bool → … (bool)", -1, "Jumps if the top is true, else drops it."),
  row(Op.CheckBool, "CHECK_BOOL", [], "… value → … bool", 0, "Fails unless the top is a Boolean."),
  row(Op.Not, "NOT", [], "… bool → … bool", 0, "Negates a Boolean."),
  row(
    Op.AddFirst,
    "ADD_FIRST",
    [],
    "… value → … value",
    0,
    "Prepares the first operand of `+`: what is neither number, string nor path is made a string.",
  ),
  row(Op.Add, "ADD", [], "… a b → … value", -1, "Adds; the first operand decides how."),
  row(Op.Sub, "SUB", [], "… a b → … number", -1, "Subtracts."),
  row(Op.Mul, "MUL", [], "… a b → … number", -1, "Multiplies."),
  row(Op.Div, "DIV", [], "… a b → … number", -1, "Divides."),
  row(Op.Negate, "NEGATE", [], "… a → … number", 0, "Subtracts from 0."),
  row(Op.Less, "LESS", [], "… a b → … bool", -1, "`a < b`"),
  row(Op.Equal, "EQUAL", [], "… a b → … bool", -1, "`a == b`"),
  row(Op.NotEqual, "NOT_EQUAL", [], "… a b → … bool", -1, "`a != b`"),
  row(
    Op.Interpolate,
    "INTERPOLATE",
    [],
    "… value → … string",
    0,
    "Coerces a piece of a string; paths are copied to the store.",
  ),
  row(
    Op.ConcatStrings,
    "CONCAT_STRINGS",
    ["count"],
    "… s1…sn → … string",
    undefined,
    "Joins strings with their contexts.",
  ),
  row(
    Op.PathSegment,
    "PATH_SEGMENT",
    [],
    "… value → … string",
    0,
    "Coerces a piece of a path; paths are not copied.",
  ),
  row(
    Op.ConcatPath,
    "CONCAT_PATH",
    ["count"],
    "… path s2…sn → … path",
    undefined,
    "Joins pieces to a path.",
  ),
  row(Op.List, "LIST", ["count"], "… s1…sn → … list", undefined, "Makes a list."),
  row(Op.Concat, "CONCAT", [], "… a b → … list", -1, "`a ++ b`"),
  row(
    Op.Attrs,
    "ATTRS",
    ["constant"],
    "… s1…sn → … set",
    undefined,
    "Makes a set of the shape that the constant is.",
  ),
  row(
    Op.DynamicBegin,
    "DYNAMIC_BEGIN",
    [],
    "… set → … builder",
    0,
    "Opens a set for attributes whose names are computed.",
  ),
  row(
    Op.DynamicAttr,
    "DYNAMIC_ATTR",
    ["position"],
    "… builder name slot → … builder",
    -2,
    "Adds an attribute (none if the name is null) with this position.",
  ),
  row(Op.DynamicEnd, "DYNAMIC_END", [], "… builder → … set", 0, "Closes it."),
  row(
    Op.NewCell,
    "NEW_CELL",
    ["local"],
    "… → …",
    0,
    "Puts a fresh cell into a local: a forced thunk whose value is set later.",
  ),
  row(
    Op.SetCell,
    "SET_CELL",
    ["local"],
    "… value → … value",
    0,
    "Stores the top in the cell of a local.",
  ),
  row(
    Op.Overrides,
    "OVERRIDES",
    ["local"],
    "… set overrides → … set",
    -1,
    "Applies `__overrides` to a recursive set, also in the local through which its attributes see each other.",
  ),
  row(Op.CheckSet, "CHECK_SET", [], "… value → … set", 0, "Fails unless the top is a set."),
  row(
    Op.Update,
    "UPDATE",
    ["count"],
    "… an…a1 → … set",
    undefined,
    "`a1 // … // an`; the last was evaluated first.",
  ),
  row(
    Op.CheckName,
    "CHECK_NAME",
    [],
    "… value → … string",
    0,
    "Fails unless the top can be the name of an attribute.",
  ),
  row(
    Op.Select,
    "SELECT",
    ["constant", "cache"],
    "… set → … set value",
    1,
    "Selects and forces; if there is nothing to force it replaces the set and skips the NIP that follows.",
  ),
  row(
    Op.SelectKeep,
    "SELECT_KEEP",
    ["constant", "cache"],
    "… set → … set value",
    1,
    "Selects and forces, keeping the set for traces.",
  ),
  row(
    Op.SelectDynamic,
    "SELECT_DYNAMIC",
    [],
    "… set name → … set name value",
    1,
    "Selects a computed name and forces.",
  ),
  row(
    Op.SelectOr,
    "SELECT_OR",
    ["constant", "jump", "depth"],
    "… value → … value value",
    1,
    "Selects and forces, or cuts the stack to the depth and jumps if there is no such attribute.",
  ),
  row(
    Op.SelectOrDynamic,
    "SELECT_OR_DYNAMIC",
    ["jump", "depth"],
    "… value name → … value name value",
    1,
    "The same for a computed name.",
  ),
  row(
    Op.HasAttr,
    "HAS_ATTR",
    ["constant", "jump"],
    "… value → … slot",
    0,
    "Replaces a set by its attribute, or by false and jumps if there is none.",
  ),
  row(
    Op.HasAttrDynamic,
    "HAS_ATTR_DYNAMIC",
    ["jump"],
    "… value name → … slot",
    -1,
    "The same for a computed name.",
  ),
  row(
    Op.With,
    "WITH",
    ["local", "position"],
    "… scope slot → …",
    -2,
    "Opens a `with` at this position around the scope below: stores the new one in a local.",
  ),
  row(
    Op.ResolveWith,
    "RESOLVE_WITH",
    ["constant"],
    "… scope → … slot",
    0,
    "Looks a name up in the `with` scopes, from the innermost outwards.",
  ),
  row(
    Op.BindFormals,
    "BIND_FORMALS",
    ["local"],
    "… set → …",
    -1,
    "Checks the argument against the formals and binds them from a local on.",
  ),
  row(
    Op.AssertFail,
    "ASSERT_FAIL",
    ["constant"],
    "… → … value",
    1,
    "Fails with the text of the condition; only the code behind it sees a value.",
  ),
  row(
    Op.AssertEqual,
    "ASSERT_EQUAL",
    ["constant", "position"],
    "… a b → …",
    -2,
    "Explains why `assert a == b` failed.",
  ),
  row(Op.CurPos, "CUR_POS", ["position"], "… → … value", 1, "Pushes the set that `__curPos` is."),
  row(
    Op.OpenScope,
    "OPEN_SCOPE",
    ["local", "constant"],
    "… scope → …",
    -1,
    "For a debugger: puts a new scope with these names into a local, around it the scope that is popped.",
  ),
  row(
    Op.FillScope,
    "FILL_SCOPE",
    ["local", "constant"],
    "… → …",
    0,
    "For a debugger: gives the scope in a local its values, which are in the locals that the constant lists.",
  ),
  row(
    Op.Break,
    "BREAK",
    [],
    "… → …",
    0,
    "A breakpoint: a debugger writes it over the opcode of another instruction, which runs once the debugger lets the evaluation continue.",
  ),
  row(
    Op.ResumeNative,
    "RESUME_NATIVE",
    [],
    "… value → …",
    -1,
    "Gives a value to the native code of this frame.",
  ),
  row(
    Op.LeaveSegment,
    "LEAVE_SEGMENT",
    [],
    "… value → (caller) value",
    0,
    "Returns to the frame in the previous segment of the stack.",
  ),
  row(Op.Exit, "EXIT", [], "value →", -1, "Ends the run."),
  row(
    Op.EnterThunk,
    "ENTER_THUNK",
    [],
    "",
    0,
    "Step of the machine, never in code: pushes the frame of a thunk that is to be forced.",
  ),
  row(
    Op.EnterNative,
    "ENTER_NATIVE",
    [],
    "",
    0,
    "Step of the machine, never in code: pushes the frame of native code.",
  ),
  row(
    Op.CallFromNative,
    "CALL_FROM_NATIVE",
    [],
    "",
    0,
    "Step of the machine, never in code: goes on with a call that the native code of the top frame asked for.",
  ),
  row(
    Op.StepNative,
    "STEP_NATIVE",
    [],
    "",
    0,
    "Step of the machine, never in code: resumes the native code of the top frame.",
  ),
  row(
    Op.Pause,
    "PAUSE",
    [],
    "",
    0,
    "Step of the machine, never in code: leaves the loop once so many frames have been entered, to enter it again.",
  ),
];

/** The number of operand words of each opcode. */
export const OPERAND_COUNTS: readonly number[] = OPCODES.map((opcode) => opcode.operands.length);

/**
 * How many slots the operand stack grows by when an instruction is run and does not jump. Throws for
 * instructions with which that depends on an operand.
 */
export function effectOf(op: Op): number {
  const { name, growth } = OPCODES[op] as OpcodeRow;
  if (growth === undefined) {
    throw new InternalError(`the stack effect of ${name} depends on its operands`);
  }
  return growth;
}
