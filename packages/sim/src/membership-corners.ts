/** Corners of changing the membership. */
export const membershipCorners = {
  jointEntered: "a joint configuration was committed",
  jointLeftByAnother: "a joint configuration was left by a later leader than the one that entered",
  learnerPromoted: "a learner that had caught up was promoted",
  promotedByLaterLeader: "a learner was promoted by a later leader than the one that added it",
  leaderRemovedItself: "a leader removed itself and gave leadership up",
  removedCampaignedInVain: "a server that was removed campaigned, and nobody listened",
  removedCameBack: "a server that had been removed was added again, with its old disk",
  configurationTruncated: "a configuration was replaced before it was committed",
  snapshotBroughtConfiguration:
    "a snapshot brought a configuration that its receiver had not heard of",
  grownFromOne: "a cluster of one grew to three voters",
  changeMade: "a change that was asked for was appended",
  changeRefusedNotLeader: "a change was refused: it was not the leader that was asked",
  changeRefusedTooEarly: "a change was refused: no entry of the leader's term was committed",
  changeRefusedInProgress: "a change was refused: another one was not committed",
  changeRefusedMoved: "a change was refused: it was made for another configuration",
  changeRefusedInvalid: "a change was refused: it made no sense",
  changeRefusedUnsafe: "a change was refused: no majority of the new voters answered",
} as const;

export type MembershipCorner = keyof typeof membershipCorners;
