// A module to be hosted by Kindred.
export const echo = (value) => value;
