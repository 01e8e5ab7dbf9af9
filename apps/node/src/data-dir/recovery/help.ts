/** What `npm run recover -- --help` prints. */
export const help: string = `A way out when a cluster cannot elect a leader any more, or when a log is damaged.
Works on the data directories of stopped nodes; it takes their locks.

  npm run recover -- data/node-8080                   show what the node holds; changes nothing
  npm run recover -- data/node-8080 data/node-8081    compare survivors; changes nothing
  npm run recover -- data/node-8080 --as-single-node --confirm=<cluster id>
                                                      go on alone, as a new cluster
  npm run recover -- data/node-8081 --set-aside       make room for a new node where one is damaged

When to use it. A cluster of three works while two of its nodes run, one of five while three do. As
long as a majority can be started with its own data directories, start it: that loses nothing, and
this tool is not needed. It is for a majority whose disks are gone for good.

Which survivor. The one whose last entry has the highest term, and among those the longest log: by
that rule elections choose as well. It holds everything that any other survivor knows to be
committed. Show the tool all of them; it tells the order.

--as-single-node, in this order, each step durable before the next:
  1. copies the directory to <directory>.before-recovery-<n> (at most 9 copies, none is removed;
     --copy-to=<new directory> puts it elsewhere, for a disk that is full)
  2. gives the node a new, random cluster id: old nodes that come back are refused as foreign
  3. forgets which directories the old peers had
  4. appends a configuration with this node as the only voter to its log, in a new term
Interrupted, it can be run again. What it costs: everything that the lost nodes had acknowledged and
this one does not hold is gone, and entries that were not committed yet become so.

--set-aside is for a log that is damaged or gone, and for nothing else. The log, the identity and
the list of peers are renamed to *.damaged-<n> (at most 9 of them, nothing is deleted), so that a
new node can start there. The new node remembers nothing, and has to join as a new server:
--join=<address of a member>. At the old address it takes the place of the old one.

Runbooks: docs/runbooks/lost-quorum.md, damaged-disk.md, full-disk.md.
Exit codes: 0 done, 1 refused or failed, 2 wrong arguments.`;
