// A module that fails while it is loaded.
throw new RangeError('no disk to write to');
