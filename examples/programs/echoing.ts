/** Answers datagrams on the socket that it is given. */
import { Socket } from 'node:dgram';
import { takeHandles } from 'kindred/handles';

takeHandles(process, (socket) => {
  if (!(socket instanceof Socket)) return;
  socket.on('message', (message, from) => {
    socket.send(`${message}, from the child`, from.port, from.address);
  });
});
