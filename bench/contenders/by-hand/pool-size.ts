/** How many workers each of the pools has that are compared with each other. */
export const poolSize = 2;
