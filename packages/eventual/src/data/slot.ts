/** Number of a row; free ones are used again. */
export type Slot = number;

/** Instead of a slot: there is none. */
export const noSlot: Slot = -1;
