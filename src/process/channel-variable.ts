/** The variable that tells a child over what its parent talks to it: `fd:3`, `ipc` or `stdio`, and `;kindred` from a Kindred that knows its child to be one. */
export const channelVariable = 'KINDRED_CHANNEL';
