// What the import of the library adds to an empty program.
import 'kindred';
