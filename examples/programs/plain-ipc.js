// A child as many are: it answers messages of Node's own channel, and ends when its parent lets go of it.
process.on('message', (message) => process.send?.({ echo: message }));
