// The same by hand.
process.on('message', (value) => process.send(value));
