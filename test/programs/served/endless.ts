// A module whose loading never ends.
console.error('loading for ever');
setInterval(() => {}, 60_000);
await new Promise(() => {});

export const never = (): void => {};
