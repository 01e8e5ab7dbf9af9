/** How large a contest is. */

export const nodesOfContest: number = 5;

/** One a tick; each is to count exactly once at every node. */
export const incrementsOfContest: number = 500;
