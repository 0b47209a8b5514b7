// An empty program: what Node.js itself needs to start.
