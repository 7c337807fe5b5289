/** EvalCaches: what one evaluation remembers so as not to compute it again. Fields belong to the code that uses them. */

/** See the head of this file. */
export class EvalCaches {
}
