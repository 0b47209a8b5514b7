/** What the worker of workerpool runs. */
import workerpool from 'workerpool';
import { echo } from '../../service.ts';

workerpool.worker({ echo });
