// A CommonJS module, as a service.
module.exports = {
  greeting: 'hello',
  greet(name) {
    return `${this.greeting} ${name}`;
  },
};
