// autocannon, until stdin ends; then one line of JSON with its result.
import autocannon from 'autocannon';

const [url, connections] = process.argv.slice(2);
const load = autocannon({ url, connections: Number(connections), duration: 3600, timeout: 10 });
process.stdin.resume().once('end', () => load.stop());
const result = await load;
console.log(JSON.stringify(result));
