// A module without any function.
export const answer = 42;
