// A child that knows nothing of Kindred: greets whoever sends it a name, until its parent lets go.
process.on('message', ({ name }) => process.send({ greeting: `Hello, ${name}` }));
